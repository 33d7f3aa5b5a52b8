import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#io/sim';
import { everybody, ipv4Frame, mac, TestHub } from './hub-fixture.ts';

const inputs = 30_000;

/** Frames that the hub looks into, whole. */
function seeds(): Buffer[] {
  const dhcp = Buffer.alloc(300);
  dhcp.writeUInt16BE(67, 0);
  dhcp.writeUInt16BE(68, 2);
  dhcp.set([2, 1, 6, 0], 8);
  dhcp.set([10, 0, 0, 9], 24);
  mac(1).copy(dhcp, 36);
  dhcp.writeUInt32BE(0x6382_5363, 244);
  dhcp.set([0, 12, 3, 1, 2, 3, 53, 1, 5, 255], 248);
  const arp = Buffer.concat([everybody, mac(1), Buffer.from('08060001080006040001', 'hex'), Buffer.alloc(20, 10)]);
  const ipv6 = Buffer.concat([everybody, mac(1), Buffer.from('86dd60000000000811ff', 'hex'), Buffer.alloc(60, 0xfe)]);
  return [ipv4Frame(mac(1), mac(2), '10.0.0.1', 17, dhcp), ipv4Frame(everybody, mac(1), '10.0.0.1'), arp, ipv6];
}

describe('the switch', () => {
  it(`takes ${inputs} damaged frames without a crash or a look beyond their end`, () => {
    const random = new SeededRandom(4);
    const whole = seeds();
    const test = new TestHub({ maxMacEntries: 50, maxIpEntries: 50 });
    const senders = [
      test.attach('a', { NoRouting: true, NoRoutingV6: true, CheckIP: true, NoBroadcastLimiter: false }),
      test.attach('b', { DHCPForce: true, CheckMac: true, FilterNonIP: true, NoBridge: true }),
      test.attach('c'),
    ];
    for (let i = 0; i < inputs; i++) {
      const frame = Buffer.from(whole[random.below(whole.length)]!);
      for (let n = random.below(5); n > 0; n--) frame[random.below(frame.length)] = random.below(256);
      const size = random.below(3) === 0 ? 14 + random.below(frame.length - 13) : frame.length;
      // Nothing follows the frame in its buffer: reading on would throw, or find undefined.
      const record = Buffer.from(new ArrayBuffer(4 + size));
      record.writeUInt32BE(size, 0);
      frame.copy(record, 4, 0, size);
      const sender = senders[random.below(senders.length)]!;
      sender.port.receive(record, 0, record.length, 1);
      sender.port.endOfRead();
      if (i % 100 === 0) test.clock.advance(random.below(4_000));
    }
    test.clock.advance(0);
    expect(test.hub.macEntryCount).toBeLessThanOrEqual(50);
    expect(test.hub.ipEntryCount).toBeLessThanOrEqual(50);
    for (const { port, name } of senders) {
      expect([port.macCount, port.ipv4Count, port.ipv6Count], name).toEqual([
        test.macs().filter((entry) => entry.startsWith(name)).length,
        test.ips().filter((entry) => entry.startsWith(`${name} `) && !entry.includes(':')).length,
        test.ips().filter((entry) => entry.startsWith(`${name} `) && entry.includes(':')).length,
      ]);
      test.hub.detach(port);
    }
    expect([test.hub.macEntryCount, test.hub.ipEntryCount]).toEqual([0, 0]);
  });
});
