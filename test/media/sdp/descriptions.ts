import { decodeSdp, type SessionDescription } from '../../../src/media/sdp/session-description.ts';

export const lines = (...all: readonly string[]): Buffer =>
  Buffer.from(all.map((line) => `${line}\r\n`).join(''), 'latin1');

export function decoded(body: Uint8Array): SessionDescription {
  const sdp = decodeSdp(body);
  if (sdp.kind === 'bad') throw new Error(`${sdp.reason} at ${sdp.offset}`);
  return sdp;
}

export const audioCall = lines(
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 host.example.com',
  's=-',
  'c=IN IP4 192.0.2.10',
  't=0 0',
  'a=x-unknown:  keep   me ',
  'm=audio 49170 RTP/AVP 0 8 97',
  'a=rtpmap:0 PCMU/8000',
  'a=sendrecv',
);

export const audioAndVideo = lines(
  'v=0',
  'o=- 1 1 IN IP4 198.51.100.1',
  's=two streams',
  't=0 0',
  'm=audio 5000 RTP/AVP 0',
  'i=voice',
  'c=IN IP4 198.51.100.1',
  'a=rtcp:5017 IN IP4 198.51.100.2',
  'm=video 6000 RTP/SAVP 31',
  'c=IN IP4 198.51.100.3',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32',
  'a=rtcp:6001',
);

/** As browsers write it: BUNDLE, ICE, DTLS. */
export const browserOffer = lines(
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=audio 50000 UDP/TLS/RTP/SAVPF 111 0',
  'c=IN IP4 203.0.113.7',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=candidate:1 1 udp 2122260223 192.168.1.5 50000 typ host generation 0',
  'a=candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 192.168.1.5 rport 50000',
  'a=candidate:3 1 tcp 1518280447 192.168.1.5 9 typ host tcptype active',
  'a=ice-ufrag:F7gI',
  'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
  'a=fingerprint:sha-256 D2:B9:31:8F',
  'a=setup:actpass',
  'a=mid:0',
  'a=rtcp-mux',
  'm=video 50000 UDP/TLS/RTP/SAVPF 96',
  'c=IN IP4 203.0.113.7',
  'a=ice-ufrag:F7gI',
  'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
  'a=fingerprint:sha-256 D2:B9:31:8F',
  'a=mid:1',
  'a=rtcp-mux',
);
