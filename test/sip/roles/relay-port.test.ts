import { describe, expect, test } from 'vitest';
import { silentLogger } from '#base';
import { MemoryDatagramNetwork, SeededRandom, VirtualClock, type MemoryDatagrams } from '#io/sim';
import { openRelayPort, type RelayPlace, type RelayPort } from '../../../src/sip/roles/relay-port.ts';

const OWN = '192.0.2.1';

const machine = (...addresses: string[]): MemoryDatagrams =>
  new MemoryDatagramNetwork({ clock: new VirtualClock(), random: new SeededRandom(1) }).machine(...addresses);
const open = (datagrams: MemoryDatagrams, place: Partial<RelayPlace>): Promise<RelayPort> =>
  openRelayPort({ datagrams, logger: silentLogger }, { host: undefined, port: 5570, announced: OWN, ...place });

describe('the port for other members', () => {
  test('is bound to the address where they reach this server, and to no other', async () => {
    const { socket, host, port, warning } = await open(machine(OWN), {});
    expect([socket.local, host, port, warning]).toEqual([{ address: OWN, port: 5570 }, OWN, 5570, '']);
  });

  test('is bound to all addresses of the family where that one is on no interface (NAT)', async () => {
    expect(await open(machine('10.0.0.1'), {})).toMatchObject({ socket: { local: { address: '0.0.0.0' } }, host: OWN });
    const six = await open(machine('2001:db8::9'), { announced: '2001:db8::1' });
    expect(six).toMatchObject({ socket: { local: { address: '::' } }, host: '2001:db8::1' });
  });

  test('is where the settings say, which the others are told, never by a name', async () => {
    expect(await open(machine(OWN, '10.0.0.1'), { host: '10.0.0.1', port: 6000 })).toMatchObject({
      host: '10.0.0.1',
      port: 6000,
    });
    expect((await open(machine('10.0.0.1'), { announced: 'alpha.example.org' })).host).toBe('10.0.0.1');
  });

  test('of threads is any free one of 127.0.0.1', async () => {
    const datagrams = machine(OWN);
    const [first, second] = [
      await open(datagrams, { announced: '', port: 0 }),
      await open(datagrams, { announced: '', port: 0 }),
    ];
    expect([first.host, second.host]).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(first.port).not.toBe(second.port);
  });

  test('is another one where it is taken, with a warning that says which', async () => {
    const datagrams = machine(OWN);
    await open(datagrams, {});
    const { port, warning } = await open(datagrams, {});
    expect(port).not.toBe(5570);
    expect(warning).toContain(`192.0.2.1:5570`);
    expect(warning).toContain(`port ${port}`);
  });
});
