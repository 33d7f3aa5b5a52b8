import type { BadMessage } from '../message/bad-message.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { Hop } from './hop.ts';
import type { Target } from './target.ts';
import type { TransportName } from './transport-name.ts';

/** What our Via says on the socket that will be used. */
export interface SentBy {
  /** `192.0.2.1:5060`, `[2001:db8::1]:5060`, `sip.example.org`: as it stands in the header field. */
  readonly sentBy: string;
  /** `UDP`, `TLS`, … */
  readonly transport: string;
}

/** Of the top Via of a request: where it is answered (RFC 3261 §18.2.2). */
export type AnswerPlace = Pick<Via, 'host' | 'port' | 'rport' | 'maddr'>;

export interface TransportListener {
  /** A datagram that has not been read yet. True: it is dealt with. Absent: none is taken like that. */
  datagram?(bytes: Buffer, hop: Hop): boolean;
  /** The same of one that another member of the farm has sent on: it came to that one. */
  relayed?(bytes: Buffer, hop: Hop): boolean;
  /** A complete message. Its top Via is as received: `received` and `rport` are the reader's to add (RFC 3261 §18.2.1). */
  message(message: SipMessage, hop: Hop): void;
  /** Not a message that can be worked with; where it is a request that can be answered, the listener does so. */
  bad(bad: BadMessage, hop: Hop): void;
  /** A connection has ended: nobody is reached by it any more. */
  flowEnded(hop: Hop): void;
}

export interface TransportFigures {
  readonly transports: Readonly<Record<TransportName, TransportCounters>>;
  readonly connections: number;
}

export interface TransportCounters {
  receivedMessages: number;
  sentMessages: number;
  /** Sent and certainly not arrived: refused, no connection, queue full. */
  failedMessages: number;
  /** Neither SIP nor a keep-alive: datagrams dropped, connections closed. */
  garbage: number;
}

/** RFC 3261 §18. */
export interface TransportLayer {
  /** One listener; set before `start`. */
  listen(listener: TransportListener): void;
  /**
   * Answers on the flow that the request came by (RFC 3261 §18.2.2, RFC 3581 §4). Where a connection has gone, opens one to
   * the sent-by of `via`, the request's top Via; `maddr` there is followed. Gives up silently: the other side asks again.
   */
  respond(bytes: Buffer, hop: Hop, via: AnswerPlace): void;
  /**
   * `failed` is called at most once, never from within this call, when the message certainly did not arrive: no route,
   * nobody listens there (as far as the network tells), no connection in time. More than 1300 bytes for UDP go by TCP
   * where that can be reached (RFC 3261 §18.1.1), with our Via changed accordingly; not on a flow (`Target.socketId`).
   */
  send(bytes: Buffer, target: Target, failed: (error: Error) => void): void;
  /** What to put into the Via of a request that will be sent to `target`. Cheap. */
  viaFor(target: Target): SentBy;
  /** One of this server's own sockets, or one of its names (`sip.names`). Without a port: the default one. */
  isOwnAddress(host: string, port: number | undefined, transport?: TransportName): boolean;
  /** The connection is still up. `member`: of the farm, that holds it; believed while that member is reachable. */
  hasFlow(connectionId: number, member?: string): boolean;
  figures(): TransportFigures;
}
