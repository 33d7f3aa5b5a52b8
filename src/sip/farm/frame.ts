import type { TransportName } from '../transport/transport-name.ts';

/**
 * `message`: came by a socket of the holder, to be worked on by the receiver or one of `rest`. `answer`: to be sent on the
 * flow of a request, `send`: to a place or on a flow, by the receiver's sockets. `failed`: what the receiver had asked to be
 * sent (`subject`) certainly did not arrive.
 */
export const frameKinds = ['message', 'answer', 'send', 'failed'] as const;
export type FrameKind = (typeof frameKinds)[number];

/** What one member sends to another. */
export interface Frame {
  readonly kind: FrameKind;
  /** Tokens. */
  readonly sender: string;
  /** Whose socket it is about; empty: the sender's. */
  readonly holder: string;
  /** Of the sender and of the receiver: 32 bits. */
  readonly boot: number;
  readonly receiverBoot: number;
  /** Of the frames from this sender's boot to this receiver; 48 bits. */
  readonly sequence: number;
  /** Of `failed`: the sequence number of the frame that it answers. */
  readonly subject: number;
  /** The flow, as in `Hop` and `Target`; 0 = none named. */
  readonly transport: TransportName;
  readonly socketId: number;
  readonly connectionId: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of `Target.tlsName`; empty: none. */
  readonly tlsName: string;
  /** Who may have the transaction beside the receiver, in the order in which they are asked. Tokens. */
  readonly rest: readonly string[];
  /** The receiver is named by the message itself (its Route, its Via): there is no other to be found. */
  readonly isNamed: boolean;
  /** Who has passed it on to the sender, the first one first. Tokens. */
  readonly path: readonly string[];
  /** The SIP message; empty for `failed`. */
  readonly payload: Buffer;
}
