import type { MemberId } from '../member-id.ts';
import type { BusMember } from './member-source.ts';

/** Bytes in order to another member, and proof of who it is: a TLS connection, a pipe between two threads. */
export interface Carrier {
  /** What the other side may call itself: any member of a server (its certificate's common name), or one member. */
  readonly proven: { readonly server: string } | { readonly member: MemberId };
  /** Where it is, for people: its address, or the name of the thread. */
  readonly remote: string;
  /** It does not break while both sides live: silence, however long, does not end it. */
  readonly isLasting: boolean;
  /** `bytes` must not be changed until `done`, which is called once, later, also when the carrier has ended. */
  write(bytes: Buffer, done: () => void): void;
  /** `chunk` is overwritten when `data` returns. */
  receive(sink: CarrierSink): void;
  /** After what was written. The sink is told, as of any end. */
  close(): void;
  /** At once. */
  destroy(): void;
}

export interface CarrierSink {
  data(chunk: Buffer): void;
  /** Once; `cause` is for people. */
  closed(cause: string): void;
}

export type CarrierTaker = (carrier: Carrier) => void;

/** A way to reach members. */
export interface LinkMaker {
  /** Begins to take carriers that others open. */
  start(accept: CarrierTaker): Promise<void>;
  /** Whether this is the way to `other`; of several makers the first that says so is used. */
  reaches(other: BusMember): boolean;
  /** Errors say what to do. */
  dial(other: BusMember, signal: AbortSignal): Promise<Carrier>;
  /** Takes no more; carriers that are there stay. */
  stop(): Promise<void>;
}
