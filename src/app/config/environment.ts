import { ConfigError } from './config-error.ts';

/** What hubfarm takes from the environment: secrets, which have no place in a file or on a command line, and where etcd is. */
export interface Environment {
  /** The administrator's password at the first start; later starts ignore it. */
  readonly adminPassword: string | undefined;
  /** Path of etcd, where the configuration names none. */
  readonly engineProgram: string | undefined;
}

/** Bytes that SoftEther's own tools send. */
const passwordMaxBytes = 255;

/** @throws ConfigError when a variable cannot be used. The value is not shown. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const adminPassword = variables['HUBFARM_ADMIN_PASSWORD'];
  if (adminPassword === '') {
    throw new ConfigError(['HUBFARM_ADMIN_PASSWORD is empty: give it a password, or unset it to have one generated']);
  }
  if (adminPassword !== undefined && Buffer.byteLength(adminPassword) > passwordMaxBytes) {
    throw new ConfigError([`HUBFARM_ADMIN_PASSWORD is longer than ${passwordMaxBytes} bytes`]);
  }
  return { adminPassword, engineProgram: variables['HUBFARM_ETCD'] };
}
