import { HubfarmError } from '#base';
import type { MemberBoot } from './member-boot.ts';
import type { MemberId } from './member-id.ts';

/**
 * Messages between members, never through the engine: it works while the engine is away, and takes no decisions.
 * Bodies are JSON values; a Buffer inside one is not possible, write base64.
 *
 * B1 send    At most once, in order per receiver while the link lives. Dropped (counted) when the link is down or its queue full.
 * B2 call    Sent again after a reconnect to the same boot, de-duplicated by the receiver: the handler runs at most once.
 *            Resolves with what it returned. `Gone` = that boot has ended or never knew the object: certain, at once.
 *            `Timeout` = not known whether it ran. `Refused` = it ran and threw; `code` is that of its HubfarmError.
 * B3 sender  `from` is what the other's certificate (or thread) says, never what its message says.
 * B4 caps    Each queue has a cap in bytes and in messages; what does not fit fails with `Overloaded`, at once.
 */
export interface Bus {
  readonly self: MemberBoot;
  /** @throws Error when the name is taken. Returns the function that ends it. */
  serve(service: string, handler: BusHandler): () => void;
  call(to: BusAddress, service: string, body: unknown, options?: CallOptions): Promise<unknown>;
  send(to: BusAddress, service: string, body: unknown): void;
  /** Members with a link that is up. */
  links(): readonly BusLink[];
  /** Told of each change: up, silent (nothing heard for 3 s), down. Returns the function that stops it. */
  onLink(changed: (link: BusLink) => void): () => void;
  stop(): Promise<void>;
}

/** A member as it is now, or one boot of it (then `Gone` when it has been started again). */
export type BusAddress = MemberId | MemberBoot;

/** May return a promise. */
export type BusHandler = (body: unknown, from: MemberBoot) => unknown;

export interface CallOptions {
  /** Absent = 3,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface BusLink {
  readonly to: MemberBoot;
  /** `silent`: open, but nothing was heard for a while: it hangs, or the network is cut. */
  readonly state: 'up' | 'silent' | 'down';
  /** Why it is not up; empty when it is. */
  readonly cause: string;
  readonly roundTripMs: number | undefined;
  /** Own clock: what was sent by then has come to the other side; undefined = it has not answered yet. */
  readonly heardByMs: number | undefined;
}

/** The receiver's boot has ended, or nobody there knows the object: certain. */
export class Gone extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('GONE', message, options);
  }
}

/** No answer in time: whether the handler ran is not known. */
export class Timeout extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('TIMEOUT', message, options);
  }
}

/** The handler ran and refused; `reason` is the code of its error. */
export class Refused extends HubfarmError {
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super('REFUSED', message, options);
    this.reason = reason;
  }
}

/** A queue of the link is full: certainly not sent. */
export class Overloaded extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('OVERLOADED', message, options);
  }
}
