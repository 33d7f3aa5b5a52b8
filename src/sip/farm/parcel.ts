import type { Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import type { Frame } from './frame.ts';

/** A frame without what the link itself puts into it. */
export type Parcel = Omit<Frame, 'sender' | 'boot' | 'receiverBoot' | 'sequence'>;

/** See `Frame`. */
export type RelayWay = Pick<Frame, 'rest' | 'isNamed' | 'path'>;

/** To the one that the message itself names, … */
export const toNamed: RelayWay = { rest: [], isNamed: true, path: [] };
/** … or to the one that it is for by its Call-ID. */
export const toOwner: RelayWay = { ...toNamed, isNamed: false };

/** About a flow that a message came by. */
export function parcelBy(
  hop: Hop,
  kind: 'message' | 'answer',
  holder: string,
  payload: Buffer,
  { rest, isNamed, path }: RelayWay,
): Parcel {
  return {
    kind,
    holder,
    subject: 0,
    transport: hop.transport,
    socketId: hop.socketId,
    connectionId: hop.connectionId,
    localAddress: hop.local.address,
    localPort: hop.local.port,
    remoteAddress: hop.remoteAddress,
    remotePort: hop.remotePort,
    tlsName: '',
    rest,
    isNamed,
    path,
    payload,
  };
}

/** To be sent by the receiver. */
export function parcelTo(target: Target, payload: Buffer): Parcel {
  return {
    kind: 'send',
    holder: '',
    subject: 0,
    transport: target.transport,
    socketId: target.socketId ?? 0,
    connectionId: target.connectionId ?? 0,
    localAddress: '0.0.0.0',
    localPort: 0,
    remoteAddress: target.address,
    remotePort: target.port,
    tlsName: target.tlsName ?? '',
    rest: toNamed.rest,
    isNamed: true,
    path: toNamed.path,
    payload,
  };
}
