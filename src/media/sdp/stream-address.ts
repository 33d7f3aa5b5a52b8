import type { MediaDescription } from './media-description.ts';
import type { SessionDescription } from './session-description.ts';

export interface StreamAddress {
  readonly address: string;
  readonly port: number;
}

/** The port of ICE descriptions that do not know their address yet (RFC 8840 §4.1.1). */
const DISCARD_PORT = 9;

/** What goes over UDP from one address to one address, and so can be relayed. */
export function isRelayable({ port, protocol, connection, media }: MediaDescription): boolean {
  if (port === 0 || media === '' || connection === undefined || connection.isMulticast) return false;
  return transportOf(protocol) !== undefined;
}

/** `rtp`: RTP in one of its profiles; `udp`: other datagrams; undefined: TCP, or not known. */
export function transportOf(protocol: string): 'rtp' | 'udp' | undefined {
  const words = protocol.toUpperCase().split('/');
  if (words.includes('TCP')) return undefined;
  if (words.includes('RTP')) return 'rtp';
  return words[0] === 'UDP' || words[0] === 'UDPTL' || words[0] === 'DTLS' ? 'udp' : undefined;
}

/** The party does not know its address yet, or wants others to find it by ICE. */
export function isAddressUnknown({ hasIce, port, connection }: MediaDescription): boolean {
  return hasIce && (port === DISCARD_PORT || connection?.isNowhere === true);
}

/** RFC 3264 §8.4: c=0.0.0.0 says that nothing shall be sent. */
export function isDeaf(stream: MediaDescription): boolean {
  return stream.connection?.isNowhere === true && !isAddressUnknown(stream);
}

/** Where the stream's RTP is wanted; undefined: not known, nowhere, or by a name. */
export function mediaAddressOf(stream: MediaDescription): StreamAddress | undefined {
  const { connection, port } = stream;
  if (connection === undefined || connection.isNowhere || connection.family === 0) return undefined;
  return isAddressUnknown(stream) || port === 0 ? undefined : { address: connection.address, port };
}

/** Where its RTCP is wanted: a=rtcp, else the next port (RFC 3550 §11). */
export function controlAddressOf(stream: MediaDescription): StreamAddress | undefined {
  const media = mediaAddressOf(stream);
  if (media === undefined) return undefined;
  const { control } = stream;
  if (control?.port === 0) return undefined;
  const port = control?.port ?? media.port + 1;
  return port > 65_535 ? undefined : { address: control?.address ?? media.address, port };
}

/**
 * Which stream carries each one: itself, or the one before whose address and port it shares (RFC 9143). In an answer those of
 * one BUNDLE group go where the first of it goes, whatever their own m= lines say.
 */
export function carriersOf(sdp: SessionDescription, role: 'offer' | 'answer'): readonly number[] {
  const byAddress = new Map<string, number>();
  const carriers = sdp.streams.map((stream) => {
    const address = mediaAddressOf(stream);
    if (address === undefined || !isRelayable(stream)) return stream.index;
    const key = `${address.port} ${address.address}`;
    const first = byAddress.get(key) ?? stream.index;
    byAddress.set(key, first);
    return first;
  });
  if (role === 'answer') for (const group of sdp.bundles) followBundle(sdp, group, carriers);
  return carriers;
}

function followBundle({ streams }: SessionDescription, group: readonly string[], carriers: number[]): void {
  const members = group.map((mid) => streams.find((stream) => stream.mid === mid));
  const first = members.find((stream) => stream !== undefined && stream.port !== 0);
  if (first === undefined) return;
  for (const stream of members) if (stream !== undefined) carriers[stream.index] = carriers[first.index]!;
}
