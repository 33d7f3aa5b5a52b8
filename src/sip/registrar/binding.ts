import type { TransportName } from '../transport/transport-name.ts';

/** The way that a REGISTER came by directly: where its sender is reached, whatever its Contact says. */
export interface BindingFlow {
  /** That holds the socket or connection; empty on a server that stands alone. */
  readonly member: string;
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly socketId: number;
  /** 0 for UDP. Numbers of before a restart of the member name none of its connections. */
  readonly connectionId: number;
}

/** A connection that has ended. */
export type EndedFlow = Pick<BindingFlow, 'member' | 'connectionId'>;

/** A contact of an account (RFC 3261 §10.2.1). Times are unix seconds. Never changed: a refresh makes another one. */
export interface Binding {
  /** Contact URI as registered. */
  readonly uri: string;
  /** Parameters of the Contact that are kept for the callers, with the first `;`: methods, media (RFC 3840). */
  readonly params: string;
  /** 0 to 1000. */
  readonly q: number;
  /** When it ends, if it is not refreshed. */
  readonly expiresAtS: number;
  /** Seconds that were granted at the last refresh. */
  readonly grantedS: number;
  /** Until when the store keeps it: what a restart goes by. */
  readonly keptUntilS: number;
  readonly callId: string;
  readonly cseq: number;
  /** `+sip.instance` with its `<>`; empty = none (RFC 5626 §4.1). */
  readonly instance: string;
  /** `reg-id`; 0 = not registered by flow (RFC 5626 §4.2). */
  readonly regId: number;
  /** Elements of the Path header field, first hop first (RFC 3327). */
  readonly path: readonly string[];
  /** undefined: it came through other proxies, and Path says the way. */
  readonly flow: BindingFlow | undefined;
  /** Its address is not the one that its Contact says: reach it by `flow`, and keep that open. */
  readonly isBehindNat: boolean;
  readonly userAgent: string;
}

/** Seconds until it ends, as told to clients: never more than what was granted. */
export function secondsLeft(binding: Binding, nowS: number): number {
  return Math.max(0, Math.min(binding.expiresAtS - nowS, binding.grantedS));
}

/** It is reached where its Contact says: whoever sends there, by whichever socket. */
export const isReachedByContact = ({
  flow,
  isBehindNat,
  regId,
}: Pick<Binding, 'flow' | 'isBehindNat' | 'regId'>): boolean =>
  flow === undefined || (flow.transport === 'udp' && !isBehindNat && regId === 0);
