export type { Certificates, SelfSignedOptions } from './certificates.ts';
export type { Clock, Random, Timer } from './clock.ts';
export type { CommandOptions, CommandResult, Commands } from './command.ts';
export type { Compression } from './compression.ts';
export type { EthernetCounters, EthernetDevice, EthernetDevices, EthernetSink } from './ethernet.ts';
export { IoError, type IoErrorCode } from './errors.ts';
export type { AppendLog, AppendLogOptions, DirectoryLock, Files } from './files.ts';
export type {
  HttpClient,
  HttpClientLimits,
  HttpRequest,
  HttpResponse,
  HttpTarget,
  OpenHttpClient,
} from './http-client.ts';
export type {
  ClientHello,
  Network,
  RunningListener,
  ServerIdentity,
  TlsDialOptions,
  TlsListenOptions,
  TlsVersion,
} from './listener.ts';
export type {
  MutualTlsDialOptions,
  MutualTlsIdentity,
  MutualTlsListenOptions,
  MutualTlsNetwork,
} from './mutual-tls.ts';
export type { NameResolver } from './name-resolver.ts';
export type { ByteStream, Endpoint, StreamSink, TlsInfo } from './stream.ts';
export type { Machine, OperatingSystem } from './machine.ts';
export type { LineEditing, Terminal } from './terminal.ts';
export type { UserFiles } from './user-files.ts';
export type { Thread, ThreadBody, ThreadPort, Threads, ThreadSink } from './threads.ts';
export type { TlsServer } from './tls-server.ts';
