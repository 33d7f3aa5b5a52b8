import { describe, expect, test } from 'vitest';
import { rewriteSdp } from '../../../src/media/sdp/rewrite.ts';
import { audioAndVideo, audioCall, browserOffer, decoded, lines } from './descriptions.ts';

const relay = '203.0.113.1';

/** Lines that are not in the other, with the sign of a diff. */
function difference(before: Buffer, after: Buffer): string[] {
  const old = before.toString('latin1').split('\r\n');
  const now = after.toString('latin1').split('\r\n');
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

describe('a relayed description', () => {
  test('has another address and port, and all else as it came', () => {
    const after = rewriteSdp(decoded(audioCall), [{ address: relay, port: 10_000 }]);
    expect(after.toString()).toBe(
      audioCall.toString().replace('c=IN IP4 192.0.2.10', `c=IN IP4 ${relay}`).replace('audio 49170', 'audio 10000'),
    );
  });

  test.each([
    ['o=- 1 5 IN IP4 192.0.2.10', 'o=- 1 105 IN IP4 192.0.2.10'],
    [
      'o=anna 2890844526 3900000000123 IN IP4 host.example.org',
      'o=anna 2890844526 3900000000223 IN IP4 host.example.org',
    ],
    ['o=- 1 999999999999999999 IN IP4 192.0.2.10', 'o=- 1 1000000000000000099 IN IP4 192.0.2.10'],
    ['o=- 1 123456789012345678901 IN IP4 192.0.2.10', undefined],
    ['o=- 1 -5 IN IP4 192.0.2.10', undefined],
    ['o=- 1 5', undefined],
  ])('says that it is a newer one where that is asked for: %s', (origin, expected) => {
    const before = lines('v=0', origin, 's=-', 'c=IN IP4 192.0.2.10', 'm=audio 4000 RTP/AVP 0');
    const after = rewriteSdp(decoded(before), [{ address: relay, port: 10_000 }], 100).toString();
    expect(after).toContain(`${expected ?? origin}\r\n`);
    expect(after).toContain('m=audio 10000 RTP/AVP 0');
  });

  test('says so together with the other family of addresses', () => {
    const before = lines('v=0', 'o=- 1 5 IN IP4 192.0.2.10', 's=-', 'c=IN IP4 192.0.2.10', 'm=audio 4000 RTP/AVP 0');
    const after = rewriteSdp(decoded(before), [{ address: '2001:db8::9', port: 10_000 }], 1).toString();
    expect(after).toContain('o=- 1 6 IN IP6 2001:db8::9\r\n');
  });

  test('keeps bytes that are no text', () => {
    const before = Buffer.concat([audioCall, Buffer.from([0x61, 0x3d, 0xff, 0x00, 0xe9, 0x0d, 0x0a])]);
    const after = rewriteSdp(decoded(before), [{ address: relay, port: 10_000 }]);
    expect(after.subarray(-7)).toEqual(before.subarray(-7));
  });

  test('follows a=rtcp and the connections of streams', () => {
    const after = rewriteSdp(decoded(audioAndVideo), [
      { address: relay, port: 10_000 },
      { address: relay, port: 10_002 },
    ]);
    expect(difference(audioAndVideo, after)).toEqual([
      '- m=audio 5000 RTP/AVP 0',
      '- c=IN IP4 198.51.100.1',
      '- a=rtcp:5017 IN IP4 198.51.100.2',
      '- m=video 6000 RTP/SAVP 31',
      '- c=IN IP4 198.51.100.3',
      '- a=rtcp:6001',
      '+ m=audio 10000 RTP/AVP 0',
      `+ c=IN IP4 ${relay}`,
      `+ a=rtcp:10001 IN IP4 ${relay}`,
      '+ m=video 10002 RTP/SAVP 31',
      `+ c=IN IP4 ${relay}`,
      '+ a=rtcp:10003',
    ]);
  });

  test('goes from IPv4 to IPv6', () => {
    const after = rewriteSdp(decoded(audioCall), [{ address: '2001:db8::5', port: 10_000 }]).toString();
    expect(after).toContain('\r\nc=IN IP6 2001:db8::5\r\nt=0 0');
  });

  test('of the other family says so in o= as well: telephones look there', () => {
    const before = lines('v=0', 'o=- 7 8 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 'm=audio 5000 RTP/AVP 0');
    const six = rewriteSdp(decoded(before), [{ address: '2001:db8::5', port: 10_000 }]).toString();
    expect(six).toContain('o=- 7 8 IN IP6 2001:db8::5\r\n');
    const four = rewriteSdp(decoded(before), [{ address: relay, port: 10_000 }]).toString();
    expect(four).toContain('o=- 7 8 IN IP4 192.0.2.1\r\n');
  });

  test('stays on hold by c=0.0.0.0, in the other family by ::', () => {
    const held = lines('v=0', 's=-', 'c=IN IP4 0.0.0.0', 'm=audio 5000 RTP/AVP 0');
    expect(rewriteSdp(decoded(held), [{ address: relay, port: 10_000 }]).toString()).toContain(
      'c=IN IP4 0.0.0.0\r\nm=audio 10000',
    );
    expect(rewriteSdp(decoded(held), [{ address: '2001:db8::5', port: 10_000 }]).toString()).toContain(
      'c=IN IP6 ::\r\n',
    );
  });

  test('gives the relayed one a connection of its own where another stream is not relayed', () => {
    const mixed = lines(
      'v=0',
      's=-',
      'c=IN IP4 192.0.2.1',
      't=0 0',
      'm=message 2855 TCP/MSRP *',
      'm=audio 5000 RTP/AVP 0',
      'i=voice',
      'b=AS:64',
      'a=sendrecv',
    );
    expect(rewriteSdp(decoded(mixed), [undefined, { address: relay, port: 10_000 }]).toString()).toBe(
      mixed.toString().replace('audio 5000', 'audio 10000').replace('i=voice\r\n', `i=voice\r\nc=IN IP4 ${relay}\r\n`),
    );
  });

  test("replaces ICE candidates by the relay's one, TCP's too, and keeps the credentials", () => {
    const place = { address: relay, port: 10_000 };
    const after = rewriteSdp(decoded(browserOffer), [place, place]).toString();
    expect(after.match(/^a=candidate.*$/gm)).toEqual([
      `a=candidate:hf 1 UDP 2130706431 ${relay} 10000 typ host`,
      `a=candidate:hf 1 UDP 2130706431 ${relay} 10000 typ host`,
    ]);
    expect(after).not.toMatch(/192\.168\.1\.5|203\.0\.113\.7/);
    expect(after).toContain('a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g');
    expect(after).toContain('m=audio 10000 UDP/TLS/RTP/SAVPF 111 0');
    expect(after).toContain('m=video 10000 UDP/TLS/RTP/SAVPF 96');
  });

  test('offers both components where the party has both', () => {
    const before = lines(
      'v=0',
      's=-',
      'c=IN IP4 192.0.2.1',
      'a=ice-ufrag:abcd',
      'm=audio 5000 RTP/AVP 0',
      'a=candidate:1 1 UDP 99 192.0.2.1 5000 typ host',
      'a=candidate:1 2 UDP 98 192.0.2.1 5001 typ host',
      'a=sendrecv',
    );
    const after = rewriteSdp(decoded(before), [{ address: relay, port: 10_000 }]).toString();
    expect(after).toContain(
      `a=candidate:hf 1 UDP 2130706431 ${relay} 10000 typ host\r\na=candidate:hf 2 UDP 2130706430 ${relay} 10001 typ host\r\na=sendrecv`,
    );
  });

  test('leaves refused streams at port 0, without the addresses that they had', () => {
    const before = lines(
      'v=0',
      's=-',
      'c=IN IP4 192.0.2.1',
      'm=audio 5000 RTP/AVP 0',
      'm=video 0 RTP/AVP 31',
      'a=candidate:1 1 UDP 99 192.0.2.1 5000 typ host',
    );
    const after = rewriteSdp(decoded(before), [{ address: relay, port: 10_000 }, undefined]).toString();
    expect(after).toBe(`v=0\r\ns=-\r\nc=IN IP4 ${relay}\r\nm=audio 10000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n`);
  });

  test('of a last line without an end is well formed', () => {
    const after = rewriteSdp(decoded(Buffer.from('v=0\nm=audio 5000 RTP/AVP 0\nc=IN IP4 192.0.2.1\na=ice-ufrag:x')), [
      { address: relay, port: 10_000 },
    ]).toString();
    expect(after).toContain('\na=ice-ufrag:x\r\na=candidate:hf 1');
  });
});
