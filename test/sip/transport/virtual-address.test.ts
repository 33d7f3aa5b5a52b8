import { describe, expect, test } from 'vitest';
import { plainFace, type FaceOptions } from '../../../src/sip/transport/face.ts';
import { targetOf, type Target } from '../../../src/sip/transport/target.ts';
import { PHONE, SERVER, SERVER6, TransportWorld } from './transport-world.ts';

const VIRTUAL = '198.51.100.1';
const MEMBER = '192.0.2.2';

const options = (to: string): string =>
  [
    `OPTIONS sip:${to} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1;rport',
    'From: <sip:a@example.org>;tag=1',
    'To: <sip:b@example.org>',
    'Call-ID: 1',
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
const answer = Buffer.from(
  'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n',
);

const to = (address: string): Target => ({ transport: 'udp', address, port: 5060 });
const dsr: FaceOptions = { ...plainFace, virtualAddresses: [VIRTUAL], balancer: 'dsr' };

/** Started with this face. */
async function world(face: FaceOptions, ...addresses: readonly string[]): Promise<TransportWorld> {
  const made = new TransportWorld();
  made.machine.setAddresses(SERVER, SERVER6, ...addresses);
  await made.transport.show(face);
  return made.start();
}

describe('direct server return', () => {
  test('has a socket on the virtual address beside the one on all, and says that address outside', async () => {
    const { transport } = await world({ ...dsr, lanNetworks: ['10.0.0.0/8'], memberAddresses: [MEMBER] }, VIRTUAL);
    expect(transport.boundFaces()).toEqual([VIRTUAL]);
    expect(transport.viaFor(to(PHONE)).sentBy).toBe(`${VIRTUAL}:5060`);
    expect(transport.viaFor({ ...to(PHONE), transport: 'tcp' }).sentBy).toBe(`${VIRTUAL}:5060`);
    for (const inside of ['10.1.2.3', MEMBER]) expect(transport.viaFor(to(inside)).sentBy).toBe(`${SERVER}:5060`);
  });

  test('sends from the virtual address to places outside, from its own to those inside', async () => {
    const made = await world({ ...dsr, memberAddresses: [MEMBER] }, VIRTUAL);
    const [phone, member] = [await made.phone(), await made.phone(MEMBER)];
    for (const target of [to(PHONE), to(MEMBER)]) made.transport.send(answer, target, () => undefined);
    await made.pass();
    expect(phone.letters.map(({ from }) => from)).toEqual([`${VIRTUAL}:5060`]);
    expect(member.letters.map(({ from }) => from)).toEqual([`${SERVER}:5060`]);
  });

  test('answers from the address that was asked: a check of the server itself, or the virtual address', async () => {
    const made = await world({ ...dsr, lanNetworks: ['192.0.2.0/24'] }, VIRTUAL);
    const phone = await made.phone();
    for (const address of [SERVER, VIRTUAL]) {
      phone.send(options(address), address);
      await made.pass();
      const { hop, message } = made.last;
      made.transport.respond(answer, hop, message.topVia()!);
      expect(made.transport.viaFor(targetOf(hop)).sentBy).toBe(`${address}:5060`);
      await made.pass();
    }
    expect(phone.letters.map(({ from }) => from)).toEqual([`${SERVER}:5060`, `${VIRTUAL}:5060`]);
  });

  test('notices within seconds that the address has come or gone', async () => {
    const made = await world(dsr);
    const { transport } = made;
    expect(transport.boundFaces()).toEqual([]);
    expect(transport.viaFor(to(PHONE)).sentBy).toBe(`${SERVER}:5060`);
    const missing = transport.listeners().find(({ host }) => host === VIRTUAL);
    expect(missing).toMatchObject({ isListening: false, isVirtual: true });
    expect(missing?.error).toContain(`${VIRTUAL} is not an address of this machine`);
    made.machine.setAddresses(SERVER, VIRTUAL);
    await made.pass(5_100);
    expect(transport.boundFaces()).toEqual([VIRTUAL]);
    made.machine.setAddresses(SERVER);
    await made.pass(5_100);
    expect(transport.boundFaces()).toEqual([]);
  });

  test('or at once, when it is told to look', async () => {
    const made = await world(dsr);
    made.machine.setAddresses(SERVER, VIRTUAL);
    await made.transport.refresh();
    expect(made.transport.boundFaces()).toEqual([VIRTUAL]);
  });

  test('can be set while it runs, and taken back', async () => {
    const made = await world(plainFace, VIRTUAL);
    await made.transport.show(dsr);
    expect(made.transport.boundFaces()).toEqual([VIRTUAL]);
    const phone = await made.phone();
    phone.send(options(SERVER));
    phone.send(options(VIRTUAL), VIRTUAL);
    await made.pass();
    expect(new Set(made.messages.map(({ hop }) => hop.local.address))).toEqual(new Set(['0.0.0.0', VIRTUAL]));
    await made.transport.show(plainFace);
    expect(made.transport.boundFaces()).toEqual([]);
    expect(made.transport.viaFor(to(PHONE)).sentBy).toBe(`${SERVER}:5060`);
  });
});

describe('a balancer that changes addresses', () => {
  test('makes its address that of every server, wherever it is', async () => {
    const { transport } = await world({ ...dsr, balancer: 'nat', lanNetworks: ['10.0.0.0/8'] });
    expect(transport.viaFor(to(PHONE)).sentBy).toBe(`${VIRTUAL}:5060`);
    expect(transport.viaFor(to('10.0.0.1')).sentBy).toBe(`${SERVER}:5060`);
  });

  test('what came from outside by the own address is answered as coming from outside', async () => {
    const made = await world({ ...dsr, balancer: 'nat' });
    const phone = await made.phone();
    phone.send(options(SERVER));
    await made.pass();
    expect(made.transport.viaFor(targetOf(made.last.hop)).sentBy).toBe(`${VIRTUAL}:5060`);
  });
});

test('a WAN address is told outside where there is no virtual one of its family', async () => {
  const { transport } = await world({ ...plainFace, wanAddress: '203.0.113.9', lanNetworks: ['10.0.0.0/8'] });
  expect(transport.viaFor(to(PHONE)).sentBy).toBe('203.0.113.9:5060');
  expect(transport.viaFor(to('10.0.0.1')).sentBy).toBe(`${SERVER}:5060`);
  expect(transport.viaFor(to('2001:db8::7')).sentBy).toBe('[2001:db8::1]:5060');
});

test('virtual and WAN addresses are ours, but not those of this very server', async () => {
  const { transport } = await world({ ...dsr, wanAddress: '203.0.113.9' }, VIRTUAL);
  for (const address of [SERVER, VIRTUAL, '203.0.113.9']) {
    expect(transport.isOwnAddress(address, undefined)).toBe(true);
    expect(transport.isOwnAddress(address, 5060)).toBe(true);
    expect(transport.isOwnAddress(address, 5099)).toBe(false);
    expect(transport.isThisServer(address, 5060)).toBe(address === SERVER);
  }
  expect(transport.isOwnAddress('sip.example.org', undefined)).toBe(true);
  expect(transport.isThisServer('sip.example.org', undefined)).toBe(false);
  expect(transport.isThisServer(SERVER, 5099)).toBe(false);
});
