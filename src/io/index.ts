export type { Clock, Random, Timer } from './clock.ts';
export type { EthernetDevice, EthernetDevices, EthernetSink } from './ethernet.ts';
export type { Network, RunningListener, ServerIdentity, TlsDialOptions, TlsListenOptions } from './listener.ts';
export type { ByteStream, Endpoint, StreamSink, TlsInfo } from './stream.ts';
