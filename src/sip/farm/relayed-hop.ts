import type { Endpoint } from '#io';
import type { FlowHolder, Hop } from '../transport/hop.ts';
import type { TransportName } from '../transport/transport-name.ts';
import type { Frame } from './frame.ts';

/** The flow of a message that another member sent here: by a socket of its own, of a third member, or of this very one. */
export class RelayedHop implements Hop {
  readonly transport: TransportName;
  /** Of the other member's socket, as bound. */
  readonly local: Endpoint;
  readonly socketId: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connectionId: number;
  readonly receivedMs: number;
  readonly holder?: FlowHolder;
  /** Who may have its transaction beside this member. */
  readonly rest: readonly string[];
  /** See `Frame`. */
  readonly isNamed: boolean;
  /** Who has passed it on, the sender last. */
  readonly path: readonly string[];

  /** `holder` undefined: the socket is this member's. */
  constructor(frame: Frame, holder: FlowHolder | undefined, receivedMs: number) {
    this.transport = frame.transport;
    this.local = { address: frame.localAddress, port: frame.localPort };
    this.socketId = frame.socketId;
    this.remoteAddress = frame.remoteAddress;
    this.remotePort = frame.remotePort;
    this.connectionId = frame.connectionId;
    this.receivedMs = receivedMs;
    if (holder !== undefined) this.holder = holder;
    this.rest = frame.rest;
    this.isNamed = frame.isNamed;
    this.path = frame.path.length === 0 ? [frame.sender] : [...frame.path, frame.sender];
  }
}
