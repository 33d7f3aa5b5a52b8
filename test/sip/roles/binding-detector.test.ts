import { expect, test } from 'vitest';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { BindingDetector } from '../../../src/sip/roles/binding-detector.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';

const hop = (transport: Hop['transport'] = 'udp'): Hop => ({
  transport,
  local: { address: '192.0.2.1', port: 5060 },
  socketId: 1,
  remoteAddress: '192.0.2.7',
  remotePort: 5060,
  connectionId: 0,
  receivedMs: 0,
});
const response = (via: string): SipMessage =>
  decodeMessage(
    Buffer.from(
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP ${via}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n`,
    ),
  ) as SipMessage;
const bound = '203.0.113.1:5060;branch=z9hG4bKhfa.1.2.3;rport=40123;received=203.0.113.1';

function detector(): {
  readonly found: string[];
  readonly look: (via: string, at?: number, way?: Hop['transport']) => void;
} {
  const found: string[] = [];
  let nowMs = 0;
  const made = new BindingDetector(
    () => nowMs,
    ({ code, text }) => found.push(`${code}: ${text}`),
  );
  return {
    found,
    look: (via, at = nowMs, way = 'udp') => {
      nowMs = at;
      made.response(response(via), hop(way));
    },
  };
}

test('a balancer that gives our requests other ports binds senders; it is said once, with both ports', () => {
  const { found, look } = detector();
  for (let i = 0; i < 10; i++) look(bound);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^balancer-binds: .*left by port 5060 arrived from port 40123 \(203\.0\.113\.1\)/);
});

test('one that changes addresses only does not; nor do others’ branches, connections, or what happens once in a while', () => {
  const { found, look } = detector();
  for (let i = 0; i < 10; i++) {
    look('192.0.2.1:5060;branch=z9hG4bKhfa.1.2.3;rport=5060;received=203.0.113.1');
    look('192.0.2.1;branch=z9hG4bKhfa.1.2.3;rport=5060');
    look('192.0.2.1:5060;branch=z9hG4bKhfa.1.2.3;rport');
    look('192.0.2.1:5060;branch=z9hG4bKother;rport=40123');
    look(bound, undefined, 'tcp');
    look(bound, i * 61_000);
  }
  expect(found).toEqual([]);
});
