import { beforeEach, describe, expect, test } from 'vitest';
import {
  decodeDhcpMessage,
  decodeUdp4Frame,
  DhcpOption,
  encodeDhcpMessage,
  encodeUdp4Frame,
  type DhcpMessage,
  type DhcpMessageType,
  type Udp4Frame,
} from '#hub';
import { SeededRandom, VirtualClock } from '#io/sim';
import { DhcpClient } from '../../../src/app/connect/dhcp-client.ts';
import type { DhcpLease } from '../../../src/app/connect/dhcp-lease.ts';

const mac = Buffer.from('02a1b2c3d4e5', 'hex');
const serverMac = Buffer.from('02ffeeddccbb', 'hex');
const serverAddress = Buffer.from([192, 168, 30, 1]);
const given = Buffer.from([192, 168, 30, 10]);
const nobody = Buffer.alloc(4);

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

interface Asked {
  readonly udp: Udp4Frame;
  readonly message: DhcpMessage;
}

let clock: VirtualClock;
let sent: Asked[];
let listening: boolean;
let leases: (readonly [DhcpLease, boolean])[];
let expired: number;
let client: DhcpClient;

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  leases = [];
  listening = false;
  expired = 0;
  client = new DhcpClient({
    clock,
    random: new SeededRandom(4),
    mac,
    hostName: 'desk',
    send: (frame) => {
      const udp = decodeUdp4Frame(frame);
      if (udp === undefined) throw new Error('not UDP');
      sent.push({ udp, message: decodeDhcpMessage(udp.payload) });
    },
    listens: (isListening) => (listening = isListening),
    bound: (lease, isNew) => leases.push([lease, isNew]),
    expired: () => expired++,
  });
});

const last = (): Asked => sent.at(-1)!;
const types = (): string[] => sent.map(({ message }) => message.type);

interface Answer {
  readonly transactionId?: number;
  readonly clientMac?: Buffer;
  readonly address?: Buffer;
  readonly options?: readonly (readonly [number, Buffer])[];
}

/** A frame from the DHCP server, about the client's last request. */
function answer(type: DhcpMessageType, change: Answer = {}): void {
  const options = new Map<number, Buffer>([
    [DhcpOption.serverIdentifier, serverAddress],
    [DhcpOption.leaseSeconds, u32(7200)],
    [DhcpOption.subnetMask, Buffer.from([255, 255, 255, 0])],
    [DhcpOption.routers, serverAddress],
    [DhcpOption.nameServers, Buffer.from([192, 168, 30, 1, 9, 9, 9, 9])],
    ...(change.options ?? []),
  ]);
  const payload = encodeDhcpMessage({
    isRequest: false,
    type,
    transactionId: change.transactionId ?? last().message.transactionId,
    isBroadcastWanted: false,
    clientAddress: nobody,
    yourAddress: change.address ?? given,
    clientMac: change.clientMac ?? mac,
    options,
  });
  const from = { sourceMac: serverMac, sourceAddress: serverAddress, sourcePort: 67 };
  client.receive(
    encodeUdp4Frame({ ...from, destinationMac: mac, destinationAddress: given, destinationPort: 68, payload }),
  );
}

function getLease(change: Answer = {}): void {
  client.start();
  answer('offer', change);
  answer('ack', change);
}

describe('a DHCP client', () => {
  test('discovers, requests what it is offered, and has it (RFC 2131 §3.1)', () => {
    client.start();
    expect(listening).toBe(true);
    expect(last().udp).toMatchObject({ sourcePort: 68, destinationPort: 67, sourceAddress: nobody });
    expect(last().udp.destinationMac).toEqual(Buffer.alloc(6, 0xff));
    expect(last().message).toMatchObject({
      type: 'discover',
      isRequest: true,
      isBroadcastWanted: true,
      clientMac: mac,
    });
    expect(last().message.options.get(DhcpOption.hostName)?.toString()).toBe('desk');
    answer('offer');
    expect(last().message.type).toBe('request');
    expect(last().message.options.get(DhcpOption.requestedAddress)).toEqual(given);
    expect(last().message.options.get(DhcpOption.serverIdentifier)).toEqual(serverAddress);
    answer('ack');
    expect(leases).toEqual([
      [
        {
          addressCidr: '192.168.30.10/24',
          server: '192.168.30.1',
          routers: ['192.168.30.1'],
          nameServers: ['192.168.30.1', '9.9.9.9'],
          seconds: 7200,
          renewalSeconds: 3600,
          rebindingSeconds: 6300,
        },
        true,
      ],
    ]);
    expect(listening).toBe(false);
  });

  test('asks again, less and less often, while nobody answers', () => {
    client.start();
    clock.advance(10 * 60_000);
    expect(new Set(types())).toEqual(new Set(['discover']));
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(22);
  });

  test.each([
    ['for somebody else', { clientMac: serverMac }],
    ['to another question', { transactionId: 1 }],
  ])('passes over an answer %s', (_name, change) => {
    client.start();
    answer('offer', change);
    expect(types()).toEqual(['discover']);
  });

  test('passes over frames that are no answer', () => {
    client.start();
    client.receive(Buffer.alloc(60));
    client.receive(Buffer.alloc(0));
    expect(types()).toEqual(['discover']);
  });

  test('begins anew when its request is refused, or not answered', () => {
    client.start();
    answer('offer');
    answer('nak');
    expect(types()).toEqual(['discover', 'request', 'discover']);
    answer('offer');
    clock.advance(60_000);
    expect(types().slice(3, 9)).toEqual(['request', 'request', 'request', 'request', 'discover', 'discover']);
    expect(expired).toBe(0);
  });

  test('renews at the server when half of the lease is over, and keeps the address', () => {
    getLease();
    clock.advance(3_599_000);
    expect(types()).toEqual(['discover', 'request']);
    clock.advance(2_000);
    expect(last().message).toMatchObject({ type: 'request', clientAddress: given, isBroadcastWanted: false });
    expect(last().message.options.has(DhcpOption.requestedAddress)).toBe(false);
    expect(last().udp).toMatchObject({
      destinationMac: serverMac,
      destinationAddress: serverAddress,
      sourceAddress: given,
    });
    answer('ack');
    expect(leases.map(([lease, isNew]) => [lease.addressCidr, isNew])).toEqual([
      ['192.168.30.10/24', true],
      ['192.168.30.10/24', false],
    ]);
    clock.advance(3_500_000);
    expect(expired).toBe(0);
  });

  test('asks everybody when its server is silent, and gives the address up when the lease is over', () => {
    getLease();
    clock.advance(6_200_000);
    expect(last().udp.destinationMac).toEqual(serverMac);
    clock.advance(200_000);
    expect(last().udp.destinationMac).toEqual(Buffer.alloc(6, 0xff));
    expect(last().message.clientAddress).toEqual(given);
    clock.advance(700_000);
    expect(expired).toBe(0);
    clock.advance(110_000);
    expect(expired).toBe(1);
    expect(client.lease).toBeUndefined();
    expect(last().message.type).toBe('discover');
  });

  test('asks whether its address is still good when the network comes back, and takes a no', () => {
    getLease();
    client.pause();
    clock.advance(60_000);
    const before = sent.length;
    client.start();
    expect(sent.length).toBe(before + 1);
    expect(last().message).toMatchObject({ type: 'request', clientAddress: given });
    answer('nak');
    expect(expired).toBe(1);
    answer('offer', { address: Buffer.from([10, 0, 0, 5]) });
    answer('ack', { address: Buffer.from([10, 0, 0, 5]) });
    expect(leases.at(-1)?.[0].addressCidr).toBe('10.0.0.5/24');
  });

  test('says nothing while the network is away, and lets the lease run out', () => {
    getLease();
    client.pause();
    const before = sent.length;
    clock.advance(7_201_000);
    expect(sent.length).toBe(before);
    expect([expired, listening]).toEqual([1, false]);
  });

  test('gives the lease back at the end', () => {
    getLease();
    client.stop();
    expect(last().message).toMatchObject({ type: 'release', clientAddress: given });
    expect(last().udp.destinationMac).toEqual(serverMac);
    clock.advance(10_000_000);
    expect(clock.pendingTimers).toBe(0);
    expect(expired).toBe(0);
  });

  test('is not driven by a server that gives leases of no length', () => {
    getLease({
      options: [
        [DhcpOption.leaseSeconds, u32(0)],
        [DhcpOption.renewalSeconds, u32(0)],
      ],
    });
    clock.advance(1_000);
    expect(sent.length).toBe(2);
    clock.advance(60_000);
    expect(sent.length).toBeLessThan(40);
  });

  test('keeps a lease that is for ever', () => {
    getLease({ options: [[DhcpOption.leaseSeconds, u32(0xffff_ffff)]] });
    expect(leases[0]?.[0].seconds).toBe(Infinity);
    clock.advance(100 * 86_400_000);
    expect(sent.length).toBe(2);
  });

  test.each([
    [Buffer.from([255, 255, 255, 192]), 26],
    [Buffer.from([255, 255, 255, 255]), 32],
    [Buffer.from([255, 0, 255, 0]), 24],
    [Buffer.from([0, 0, 0, 0]), 24],
    [Buffer.from([255, 255]), 24],
  ])('reads the mask %j as /%i', (mask, length) => {
    getLease({ options: [[DhcpOption.subnetMask, mask]] });
    expect(leases[0]?.[0].addressCidr).toBe(`192.168.30.10/${length}`);
  });
});
