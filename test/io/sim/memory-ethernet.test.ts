import { describe, expect, test } from 'vitest';
import { MemoryEthernetDevices, SeededRandom, VirtualClock } from '#io/sim';

const devices = (clock: VirtualClock): MemoryEthernetDevices =>
  new MemoryEthernetDevices({ clock, random: new SeededRandom(3), interfaces: ['eth0'] });

describe('an Ethernet device in memory', () => {
  test('carries records to the far end of its cable and back', async () => {
    const clock = new VirtualClock();
    const machine = devices(clock);
    const tap = await machine.openTap('vpn0');
    const got: string[] = [];
    const keep = (name: string) => ({
      frames: (records: Buffer, from: number, to: number, count: number): void => {
        got.push(`${name} ${count} ${records.toString('latin1', from, to)}`);
      },
      closed: (): void => {
        got.push(`${name} closed`);
      },
    });
    tap.receive(keep('near'));
    machine.far('vpn0').receive(keep('far'));
    expect(tap.send(Buffer.from('..abc..'), 2, 5, 1)).toBe(1);
    machine.far('vpn0').send(Buffer.from('de'), 0, 2, 2);
    clock.advance(0);
    tap.close();
    expect(tap.send(Buffer.from('x'), 0, 1, 1)).toBe(0);
    clock.advance(0);
    expect(got).toEqual(['far 1 abc', 'near 2 de', 'near closed']);
  });

  test('has its own name and a MAC address for one station', async () => {
    const machine = devices(new VirtualClock());
    const tap = await machine.openTap('vpn0');
    expect(tap.macAddress.length).toBe(6);
    expect(tap.macAddress[0]! & 1).toBe(0);
    await expect(machine.openTap('vpn0')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await expect(machine.openInterface('eth9')).rejects.toMatchObject({ code: 'NO_SUCH_DEVICE' });
    expect(await machine.list()).toEqual(['eth0']);
    tap.close();
    await machine.openTap('vpn0');
  });
});
