import { decodeSdp, findSdp, replaceSdp, type Described, type SdpPlace, type SessionDescription } from '#media';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';

/** The session description of a message. */
export interface MessageSdp {
  readonly sdp: SessionDescription;
  readonly body: Uint8Array;
  readonly place: SdpPlace;
}

/** undefined: it has none, or one that cannot be read: it passes as it is. */
export function sdpOf(message: SipMessage): MessageSdp | undefined {
  const type = message.bodyLength === 0 ? undefined : message.value(HeaderId.ContentType);
  if (type === undefined || isEncoded(message)) return undefined;
  const body = message.body();
  const place = findSdp(body, type);
  const sdp = place === undefined ? undefined : decodeSdp(body.subarray(place.start, place.end));
  return place === undefined || sdp?.kind !== 'sdp' ? undefined : { sdp, body, place };
}

/** The text of a body that is nothing but a session description; undefined: `sdpOf` may find one in it. */
export function plainSdpOf(message: SipMessage): string | undefined {
  if (message.bodyLength === 0 || message.value(HeaderId.ContentType) !== 'application/sdp') return undefined;
  return message.has(HeaderId.ContentEncoding) ? undefined : message.bodyText();
}

/** The body with what has become of its description; undefined: as it came. */
export function bodyOf({ body, place }: MessageSdp, described: Described): Uint8Array | undefined {
  return described.kind === 'relayed' ? replaceSdp(body, place, described.body) : undefined;
}

function isEncoded(message: SipMessage): boolean {
  const encoding = message.value(HeaderId.ContentEncoding);
  return encoding !== undefined && encoding.toLowerCase() !== 'identity';
}
