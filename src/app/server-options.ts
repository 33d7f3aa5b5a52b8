import type { Logger } from '#base';
import type { NodeIo } from '#io/node';
import type { Config } from './config/sections.ts';

/** What a server is made from. */
export interface ServerOptions {
  readonly config: Config;
  readonly io: NodeIo;
  readonly logger: Logger;
  /** For the first start: the administrator's password. Generated if there is none. */
  readonly initialAdminPassword: string | undefined;
  readonly packageVersion: string;
}
