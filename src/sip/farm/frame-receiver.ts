import { IoError } from '#io';
import type { Clock } from '#io';
import { decodeMessage } from '../message/decode.ts';
import { SipMessage } from '../message/sip-message.ts';
import { addressAndPort, type Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer, TransportListener } from '../transport/transport-layer.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { Frame } from './frame.ts';
import type { MemberTable } from './member-table.ts';
import type { PendingSends } from './pending-sends.ts';
import type { Parcel } from './parcel.ts';
import { RelayedHop } from './relayed-hop.ts';

export interface FrameReceiverParts {
  readonly clock: Clock;
  readonly members: MemberTable;
  /** This member's own sockets. */
  readonly transport: Pick<TransportLayer, 'respond' | 'send'>;
  readonly listener: () => TransportListener | undefined;
  readonly pending: PendingSends;
  readonly figures: FarmFigures;
  readonly link: (to: FarmMember, parcel: Parcel) => number;
}

/** What other members want of this one. */
export class FrameReceiver {
  readonly #parts: FrameReceiverParts;

  constructor(parts: FrameReceiverParts) {
    this.#parts = parts;
  }

  receive(frame: Frame, sender: FarmMember): void {
    switch (frame.kind) {
      case 'message':
        this.#message(frame, sender);
        break;
      case 'answer':
        this.#answer(frame);
        break;
      case 'send':
        this.#send(frame, sender);
        break;
      case 'failed':
        this.#parts.figures.failures++;
        this.#parts.pending.failed(sender.token, frame.subject, unreachable(frame, sender));
    }
  }

  #message(frame: Frame, sender: FarmMember): void {
    const { members, clock, listener, figures } = this.#parts;
    const holder = frame.holder === '' ? sender : members.known(frame.holder);
    if (holder === undefined) {
      figures.staleFrames++;
      return;
    }
    const other = holder.token === members.self.token ? undefined : holder;
    const hop = new RelayedHop(frame, other, clock.nowMs());
    if (frame.transport === 'udp' && listener()?.relayed?.(frame.payload, hop) === true) return;
    const message = decodeMessage(frame.payload);
    // Whoever sent it on has not looked at all of it.
    if (message instanceof SipMessage) listener()?.message(message, hop);
    else listener()?.bad(message, hop);
  }

  #answer(frame: Frame): void {
    const message = decodeMessage(frame.payload);
    const via = message instanceof SipMessage ? message.topVia() : undefined;
    if (via === undefined) {
      this.#parts.figures.badFrames++;
      return;
    }
    this.#parts.figures.sentForOthers++;
    this.#parts.transport.respond(frame.payload, ownHop(frame, this.#parts.clock.nowMs()), via);
  }

  #send(frame: Frame, sender: FarmMember): void {
    const { transport, socketId, connectionId, remoteAddress: address, remotePort: port, tlsName } = frame;
    const target: Target = {
      transport,
      address,
      port,
      ...(socketId > 0 && { socketId }),
      ...(connectionId > 0 && { connectionId }),
      ...(tlsName !== '' && { tlsName }),
    };
    this.#parts.figures.sentForOthers++;
    this.#parts.transport.send(frame.payload, target, () => this.#tellFailed(frame, sender));
  }

  #tellFailed(frame: Frame, sender: FarmMember): void {
    const to = this.#parts.members.reachable(sender.token);
    if (to === undefined) return;
    const empty = Buffer.alloc(0);
    this.#parts.link(to, { ...frame, kind: 'failed', holder: '', subject: frame.sequence, payload: empty });
  }
}

function ownHop(frame: Frame, receivedMs: number): Hop {
  return {
    transport: frame.transport,
    local: { address: frame.localAddress, port: frame.localPort },
    socketId: frame.socketId,
    remoteAddress: frame.remoteAddress,
    remotePort: frame.remotePort,
    connectionId: frame.connectionId,
    receivedMs,
  };
}

function unreachable({ transport, remoteAddress, remotePort }: Frame, { token }: FarmMember): Error {
  const place = `${transport} ${addressAndPort(remoteAddress, remotePort)}`;
  return new IoError('UNREACHABLE', `member ${token} cannot send to ${place}`);
}
