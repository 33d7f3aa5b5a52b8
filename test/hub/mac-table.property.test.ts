import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#io/sim';
import { MacTable } from '../../src/hub/mac-table.ts';

describe('the MAC table', () => {
  it('holds what a map would hold, through growth, removal and ageing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer(), (seed, hashSeed) => {
        const random = new SeededRandom(seed);
        const table = new MacTable(1_500, hashSeed);
        const model = new Map<number, { port: number; tick: number }>();
        // Twelve bits of address: they repeat often enough, and fill a small table several times over.
        const range = 1 << (7 + random.below(6));
        for (let i = 0; i < 3_000; i++) {
          const address = random.below(range);
          const [hi, lo] = [0x0200 + (address & 3), (address >> 2) | 0];
          const kind = random.below(200);
          const tick = i >> 3;
          if (kind === 0) {
            const port = random.below(8);
            table.removePort(port);
            for (const [key, entry] of model) if (entry.port === port) model.delete(key);
          } else if (kind === 1) {
            const dropped: number[] = [];
            table.expireBefore(tick - 40, (port) => dropped.push(port));
            const old = [...model].filter(([, entry]) => entry.tick < tick - 40);
            for (const [key] of old) model.delete(key);
            expect(dropped.sort()).toEqual(old.map(([, entry]) => entry.port).sort());
          } else if (kind < 40 && table.size > 0) {
            const rows = table.entries();
            const row = rows[random.below(rows.length)]!;
            expect(table.removeKey(row.key)).toBe(row.port);
            model.delete(keyOf(row.macAddress.readUInt16BE(0), row.macAddress.readInt32BE(2)));
          } else {
            const port = random.below(8);
            const fits = model.has(keyOf(hi, lo)) || model.size < 1_500;
            expect(table.set(hi, lo, port, tick)).toBe(fits);
            if (fits) model.set(keyOf(hi, lo), { port, tick });
          }
          expect(table.find(hi, lo)).toBe(model.get(keyOf(hi, lo))?.port ?? -1);
        }
        expect(table.size).toBe(model.size);
        const rows = table.entries().map(({ macAddress, port, updatedTick }) => {
          return [keyOf(macAddress.readUInt16BE(0), macAddress.readInt32BE(2)), { port, tick: updatedTick }] as const;
        });
        expect(new Map(rows)).toEqual(model);
        expect(new Set(table.entries().map(({ key }) => key)).size).toBe(model.size);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps look-ups short whatever addresses are chosen, because the hash has a secret', () => {
    const table = new MacTable(65_536, 0x1234_5678);
    for (let n = 0; n < 65_536; n++) expect(table.set(0x0200, n << 16, 1, 0)).toBe(true);
    expect([table.isFull, table.set(0x0200, 1, 1, 0), table.set(0x0200, 7 << 16, 2, 0)]).toEqual([true, false, true]);
    expect(table.find(0x0200, 7 << 16)).toBe(2);
  });
});

function keyOf(hi: number, lo: number): number {
  return hi * 2 ** 32 + (lo >>> 0);
}
