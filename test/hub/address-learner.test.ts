import { describe, expect, it } from 'vitest';
import { everybody, frame, ipv4Frame, mac, TestHub } from './hub-fixture.ts';

function arp(source: Buffer, from: string): Buffer {
  const body = Buffer.alloc(28);
  Buffer.from('000108000604', 'hex').copy(body);
  Buffer.from(from.split('.').map(Number)).copy(body, 14);
  return Buffer.concat([everybody, source, Buffer.from([8, 6]), body]);
}

function ipv6(source: Buffer, from: string, next = 59, body: Buffer = Buffer.alloc(8)): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = next;
  Buffer.from(from, 'hex').copy(header, 8);
  return Buffer.concat([Buffer.from('333300000001', 'hex'), source, Buffer.from([0x86, 0xdd]), header, body]);
}

const linkLocal = (n: number): string => `fe80${'00'.repeat(13)}${n.toString(16).padStart(2, '0')}`;

function udp(from: number, to: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from, 0);
  header.writeUInt16BE(to, 2);
  return Buffer.concat([header, body]);
}

function dhcpAck(client: Buffer, address: string, messageType = 5): Buffer {
  const body = Buffer.alloc(240);
  body.set([2, 1, 6, 0]);
  Buffer.from(address.split('.').map(Number)).copy(body, 16);
  client.copy(body, 28);
  body.writeUInt32BE(0x6382_5363, 236);
  return Buffer.concat([body, Buffer.from([0, 12, 2, 65, 65, 53, 1, messageType, 255])]);
}

describe('the IP table (§10.3)', () => {
  it('learns IPv4 from packets and from ARP, IPv6 from packets', () => {
    const test = new TestHub();
    const a = test.attach('a');
    a.send(ipv4Frame(everybody, mac(1), '10.1.2.3'));
    a.send(arp(mac(1), '192.168.0.7'));
    a.send(ipv6(mac(1), linkLocal(9)));
    expect(test.ips()).toEqual(['a 10.1.2.3', 'a 192.168.0.7', 'a fe80::9']);
  });

  it('looks at the first frame of a run only, where the session has no limit to keep', () => {
    const test = new TestHub();
    const a = test.attach('a');
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'), ipv4Frame(everybody, mac(1), '10.0.0.2'));
    expect(test.ips()).toEqual(['a 10.0.0.1']);
  });

  it('records private IPv4 and link-local IPv6 addresses only', () => {
    const test = new TestHub();
    const a = test.attach('a');
    const inside = [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.1',
      '192.168.1.1',
      '169.254.1.1',
      '100.64.0.1',
      '100.127.0.1',
    ];
    const outside = ['8.8.8.8', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.63.0.1', '100.128.0.1', '11.0.0.1'];
    for (const address of [...inside, ...outside]) a.send(ipv4Frame(everybody, mac(1), address));
    for (const address of [
      '2001' + '00'.repeat(13) + '01',
      'febf' + '00'.repeat(13) + '01',
      'fec0' + '00'.repeat(14),
    ]) {
      a.send(ipv6(mac(1), address));
    }
    expect(test.ips()).toEqual([...inside.map((address) => `a ${address}`), 'a febf::1'].sort());
  });

  it('learns nothing from frames that are cut short or that name no source', () => {
    const test = new TestHub();
    const a = test.attach('a');
    const whole = [ipv4Frame(everybody, mac(1), '10.0.0.1'), arp(mac(1), '10.0.0.1'), ipv6(mac(1), linkLocal(1))];
    a.send(...whole.map((bytes) => bytes.subarray(0, 30)));
    a.send(ipv4Frame(everybody, mac(1), '0.0.0.0'), ipv4Frame(everybody, mac(1), '255.255.255.255'));
    a.send(ipv6(mac(1), '00'.repeat(16)), ipv6(mac(1), '00'.repeat(15) + '01'), ipv6(mac(1), 'ff02' + '00'.repeat(14)));
    expect(test.ips()).toEqual([]);
  });

  it('forgets an address 60 s after its last use, and one that DHCP gave after 300 s', () => {
    const test = new TestHub();
    const [a, server] = [test.attach('a'), test.attach('s')];
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'));
    server.send(ipv4Frame(mac(1), mac(9), '10.0.0.254', 17, udp(67, 68, dhcpAck(mac(1), '10.0.0.2'))));
    expect(test.ips()).toEqual(['a 10.0.0.1', 'a 10.0.0.2']);
    test.clock.advance(50_000);
    expect(test.hub.ipEntryCount).toBe(2);
    test.clock.advance(20_000);
    expect(test.ips()).toEqual(['a 10.0.0.2']);
    test.clock.advance(220_000);
    expect(test.ips()).toEqual(['a 10.0.0.2']);
    test.clock.advance(30_000);
    expect(test.ips()).toEqual([]);
  });

  it('takes no address from what DHCP clients and servers send, and none from an offer', () => {
    const test = new TestHub();
    const [a, server] = [test.attach('a'), test.attach('s')];
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.77', 17, udp(68, 67, dhcpAck(mac(1), '10.0.0.9'))));
    server.send(ipv4Frame(mac(1), mac(9), '10.0.0.254', 17, udp(67, 68, dhcpAck(mac(1), '10.0.0.9', 2))));
    expect(test.ips()).toEqual([]);
  });

  it('sees a lease even from a server whose address it has just seen', () => {
    const test = new TestHub();
    const [a, server] = [test.attach('a'), test.attach('s')];
    a.send(frame(everybody, mac(1)));
    const data = ipv4Frame(mac(1), mac(9), '10.0.0.254', 17, udp(5000, 5001, Buffer.alloc(100)));
    server.send(data);
    server.send(ipv4Frame(mac(1), mac(9), '10.0.0.254', 17, udp(67, 68, dhcpAck(mac(1), '10.0.0.9'))));
    expect(test.ips()).toEqual(['a 10.0.0.9', 's 10.0.0.254']);
    expect(test.hub.ipEntries().find(({ isDhcpAllocated }) => isDhcpAllocated)?.address).toBe('10.0.0.9');
  });

  it('moves an address to the session that uses it now', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'));
    b.send(ipv4Frame(everybody, mac(2), '10.0.0.1'));
    expect(test.ips()).toEqual(['b 10.0.0.1']);
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'));
    expect(test.ips()).toEqual(['a 10.0.0.1']);
  });

  it('lets a session with NoRouting use four IPv4 addresses, frame by frame', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoRouting: true }), test.attach('b')];
    const frames = [1, 1, 2, 3, 9, 4, 5, 1, 5].map((n) => ipv4Frame(mac(8), mac(1), `10.0.0.${n}`));
    a.send(...frames);
    expect(b.frames).toEqual([0, 1, 2, 3, 4, 7].map((i) => frames[i]!.toString('hex')));
    expect(a.port.refusedFrames).toBe(3);
    expect(test.ips()).toEqual(['a 10.0.0.1', 'a 10.0.0.2', 'a 10.0.0.3', 'a 10.0.0.9']);
  });

  it('applies MaxIP, four at least, and MaxIPv6, five at least, but not to router discovery', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { MaxIP: 6, MaxIPv6: 2 }), test.attach('b')];
    for (let n = 1; n <= 9; n++) a.send(ipv4Frame(everybody, mac(1), `10.0.0.${n}`), ipv6(mac(1), linkLocal(n)));
    expect(b.takeFrames()).toHaveLength(6 + 5);
    a.send(
      ipv6(mac(1), linkLocal(77), 58, Buffer.from([133, 0, 0, 0])),
      ipv6(mac(1), linkLocal(78), 17, udp(546, 547)),
    );
    expect(b.takeFrames()).toHaveLength(2);
    const c = test.attach('c', { NoRoutingV6: true });
    for (let n = 100; n < 120; n++) c.send(ipv6(mac(3), linkLocal(n)));
    expect(test.ips().filter((entry) => entry.startsWith('c'))).toHaveLength(15);
  });

  it('frees a place when an address has aged or is deleted', () => {
    const test = new TestHub();
    const a = test.attach('a', { NoRouting: true });
    for (let n = 1; n <= 4; n++) a.send(ipv4Frame(everybody, mac(1), `10.0.0.${n}`));
    const row = test.hub.ipEntries()[0]!;
    expect([test.hub.deleteIp(row.key), test.hub.deleteIp(row.key)]).toEqual([true, false]);
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.5'));
    expect(test.ips()).toContain('a 10.0.0.5');
    test.clock.advance(80_000);
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.6'));
    expect(test.ips()).toEqual(['a 10.0.0.6']);
  });

  it('refuses with CheckIP an address that another session used within 13 s', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b', { CheckIP: true, CheckIPv6: true }), test.attach('c')];
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'), ipv6(mac(1), linkLocal(1)));
    c.takeFrames();
    b.send(ipv4Frame(everybody, mac(2), '10.0.0.1'), ipv6(mac(2), linkLocal(1)));
    expect([c.frames, test.ips()]).toEqual([[], ['a 10.0.0.1', 'a fe80::1']]);
    test.clock.advance(15_000);
    b.send(ipv4Frame(everybody, mac(2), '10.0.0.1'), ipv6(mac(2), linkLocal(1)));
    expect([c.frames.length, test.ips()]).toEqual([2, ['b 10.0.0.1', 'b fe80::1']]);
  });

  it('lets a session with DHCPForce use only addresses that DHCP gave it', () => {
    const test = new TestHub();
    const [a, server] = [test.attach('a', { DHCPForce: true }), test.attach('s')];
    a.send(arp(mac(1), '10.0.0.5'));
    expect(server.takeFrames()).toEqual([]);
    a.send(frame(everybody, mac(1)));
    server.send(ipv4Frame(mac(1), mac(9), '10.0.0.254', 17, udp(67, 68, dhcpAck(mac(1), '10.0.0.5'))));
    server.takeFrames();
    a.send(arp(mac(1), '10.0.0.5'), arp(mac(1), '10.0.0.6'));
    expect(server.takeFrames()).toHaveLength(1);
  });

  it('lets the oldest entry go when it is full', () => {
    const test = new TestHub({ maxIpEntries: 3 });
    const a = test.attach('a', { MaxIP: 100 });
    for (let n = 1; n <= 5; n++) a.send(ipv4Frame(everybody, mac(1), `10.0.0.${n}`));
    expect(test.ips()).toEqual(['a 10.0.0.3', 'a 10.0.0.4', 'a 10.0.0.5']);
    expect(a.port.ipv4Count).toBe(3);
  });
});
