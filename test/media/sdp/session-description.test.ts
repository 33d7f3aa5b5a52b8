import { describe, expect, test } from 'vitest';
import { decodeSdp } from '../../../src/media/sdp/session-description.ts';
import {
  carriersOf,
  controlAddressOf,
  isDeaf,
  isRelayable,
  mediaAddressOf,
} from '../../../src/media/sdp/stream-address.ts';
import { audioAndVideo, audioCall, browserOffer, decoded, lines } from './descriptions.ts';

const oneStream = (...rest: readonly string[]) =>
  decoded(lines('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', ...rest)).streams[0]!;

describe('a session description', () => {
  test('gives streams the connection of the session where they have none (RFC 4566 §5.7)', () => {
    const [audio] = decoded(audioCall).streams;
    expect(mediaAddressOf(audio!)).toEqual({ address: '192.0.2.10', port: 49_170 });
    expect(audio).toMatchObject({ media: 'audio', protocol: 'RTP/AVP', direction: 'sendrecv', isEncrypted: false });
  });

  test("takes a stream's own connection first, and RTCP from a=rtcp (RFC 3605)", () => {
    const [audio, video] = decoded(audioAndVideo).streams;
    expect(controlAddressOf(audio!)).toEqual({ address: '198.51.100.2', port: 5017 });
    expect(mediaAddressOf(video!)).toEqual({ address: '198.51.100.3', port: 6000 });
    expect(controlAddressOf(video!)).toEqual({ address: '198.51.100.3', port: 6001 });
    expect(video!.isEncrypted).toBe(true);
  });

  test('reads ICE candidates, muxing, mids and bundles', () => {
    const sdp = decoded(browserOffer);
    expect(sdp.bundles).toEqual([['0', '1']]);
    expect(sdp.streams[0]).toMatchObject({ hasIce: true, isMuxed: true, mid: '0', isEncrypted: true });
    expect(sdp.streams[0]!.candidates.map(({ address, isUdp }) => [address, isUdp])).toEqual([
      ['192.168.1.5', true],
      ['203.0.113.7', true],
      ['192.168.1.5', false],
    ]);
    expect(carriersOf(sdp, 'offer')).toEqual([0, 0]);
  });

  test('with lines that end in LF alone, and a last line without an end, is read as well', () => {
    const sdp = decoded(
      Buffer.from('v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nm=audio 7000 RTP/AVP 0'),
    );
    expect(mediaAddressOf(sdp.streams[0]!)).toEqual({ address: '2001:db8::1', port: 7000 });
  });

  test.each([
    ['RTP/AVP', true],
    ['RTP/SAVPF', true],
    ['UDP/TLS/RTP/SAVPF', true],
    ['udptl', true],
    ['UDP/DTLS/SCTP', true],
    ['TCP/MSRP', false],
    ['TCP/RTP/AVP', false],
    ['TCP', false],
    ['unheard-of', false],
  ])('by %s can be relayed: %s', (protocol, can) => {
    expect(isRelayable(oneStream('c=IN IP4 192.0.2.1', `m=audio 5004 ${protocol} 0`))).toBe(can);
  });

  test('refused, multicast and without a connection is not relayed', () => {
    expect(isRelayable(oneStream('c=IN IP4 192.0.2.1', 'm=audio 0 RTP/AVP 0'))).toBe(false);
    expect(isRelayable(oneStream('c=IN IP4 224.2.17.12/127', 'm=audio 5004 RTP/AVP 0'))).toBe(false);
    expect(isRelayable(oneStream('m=audio 5004 RTP/AVP 0'))).toBe(false);
  });

  test('on hold by c=0.0.0.0 must not be sent to (RFC 3264 §8.4); of a browser it only is not known yet', () => {
    const held = oneStream('c=IN IP4 0.0.0.0', 'm=audio 5004 RTP/AVP 0');
    expect(isDeaf(held)).toBe(true);
    expect(mediaAddressOf(held)).toBeUndefined();
    const early = oneStream('c=IN IP4 0.0.0.0', 'm=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=ice-ufrag:abcd');
    expect(isDeaf(early)).toBe(false);
    expect(mediaAddressOf(early)).toBeUndefined();
  });

  test('that bundles in its answer has one place for all of the group, also where the ports differ', () => {
    const answer = decoded(
      lines(
        'v=0',
        's=-',
        'c=IN IP4 192.0.2.1',
        'a=group:BUNDLE b a',
        'm=audio 5000 RTP/AVP 0',
        'a=mid:a',
        'm=video 6000 RTP/AVP 31',
        'a=mid:b',
        'm=audio 7000 RTP/AVP 0',
        'a=mid:c',
      ),
    );
    expect(carriersOf(answer, 'answer')).toEqual([1, 1, 2]);
    expect(carriersOf(answer, 'offer')).toEqual([0, 1, 2]);
  });

  test.each([
    ['nothing', '', 'v='],
    ['something else', 'hello\r\n', 'v='],
    ['an m= line without a protocol', 'v=0\r\nm=audio 5000\r\n', 'm= line'],
    ['a port beyond the end', 'v=0\r\nm=audio 65536 RTP/AVP 0\r\n', 'm= line'],
    ['too many streams', `v=0\r\n${'m=audio 5000 RTP/AVP 0\r\n'.repeat(65)}`, '64 m= lines'],
    ['too many lines', `v=0\r\n${'a=x\r\n'.repeat(4096)}`, '4096 lines'],
    ['too many bytes', `v=0\r\n${'a'.repeat(65_536)}`, '65535 bytes'],
  ])('of %s is bad, and says why', (_what, text, why) => {
    const bad = decodeSdp(Buffer.from(text));
    expect(bad.kind === 'bad' && bad.reason).toContain(why);
  });
});
