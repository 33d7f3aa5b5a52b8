import type { Logger } from '#base';
import type { NodeIo } from '#io/node';
import type { Config } from './config/sections.ts';

/** What a server is made from. */
export interface ServerOptions {
  readonly config: Config;
  readonly io: NodeIo;
  readonly logger: Logger;
  /** Takes the log's records (JSON lines) of members in other threads. */
  readonly writeRecord: (line: string) => void;
  /** For the first start: the administrator's password. Generated if there is none. */
  readonly initialAdminPassword: string | undefined;
  /** Path or name of etcd. */
  readonly engineProgram: string;
  readonly packageVersion: string;
}
