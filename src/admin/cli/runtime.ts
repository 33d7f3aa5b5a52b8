import type { Clock, OpenHttpClient, Random, Terminal, UserFiles } from '#io';

/** What the command line needs of the machine it runs on. bin supplies it. */
export interface CliRuntime {
  readonly terminal: Terminal;
  readonly files: UserFiles;
  readonly random: Random;
  readonly clock: Clock;
  readonly openHttp: OpenHttpClient;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  /** Of hubfarm. */
  readonly version: string;
}
