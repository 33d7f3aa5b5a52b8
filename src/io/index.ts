export type * from './authority.ts';
export type { Certificates, SelfSignedOptions } from './certificates.ts';
export type { Clock, Random, Timer } from './clock.ts';
export type * from './command.ts';
export type { Compression } from './compression.ts';
export type * from './datagram.ts';
export type * from './dns.ts';
export type * from './ethernet.ts';
export { IoError, type IoErrorCode } from './errors.ts';
export type * from './files.ts';
export type * from './http-client.ts';
export type * from './listener.ts';
export type {
  MutualTlsDialOptions,
  MutualTlsIdentity,
  MutualTlsListenOptions,
  MutualTlsNetwork,
} from './mutual-tls.ts';
export type * from './http2.ts';
export type { NameResolver } from './name-resolver.ts';
export type * from './stream.ts';
export type { Machine, OperatingSystem } from './machine.ts';
export type { LineEditing, Terminal } from './terminal.ts';
export type * from './processes.ts';
export type { UserFiles } from './user-files.ts';
export type * from './threads.ts';
export type { TlsServer } from './tls-server.ts';
export type * from './web-socket.ts';
export type { LogFileInfo, LogFiles } from './log-files.ts';
