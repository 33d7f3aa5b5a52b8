import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission, type AdmissionLimits } from '../../../src/softether/admission.ts';

const HERE = '198.51.100.1';
const THERE = '198.51.100.2';
const limits: AdmissionLimits = {
  maxUnauthenticated: 100,
  maxUnauthenticatedPerAddress: 4,
  maxUnauthenticatedPerAddressUnderLoad: 2,
  maxWaitingPerAddress: 6,
};

/** Connections from one address that come one after the other, and what has begun of them. */
class Clients {
  readonly begun: number[] = [];
  readonly #admission: Admission;
  readonly #address: string;
  #next = 0;

  constructor(admission: Admission, address = HERE) {
    this.#admission = admission;
    this.#address = address;
  }

  /** How many of them were let in. */
  come(count: number): number {
    let admitted = 0;
    for (let i = 0; i < count; i++) {
      if (!this.#admission.enter(this.#address)) continue;
      const number = this.#next++;
      admitted++;
      this.#admission.begin(this.#address, () => this.begun.push(number));
    }
    return admitted;
  }

  leave(count = 1): void {
    for (let i = 0; i < count; i++) this.#admission.leave(this.#address);
  }
}

describe('connections from one address', () => {
  it('above its limit wait, in their order, until others from there have left', () => {
    const clients = new Clients(new Admission(limits));
    expect(clients.come(7)).toBe(7);
    expect(clients.begun).toEqual([0, 1, 2, 3]);
    clients.leave();
    expect(clients.begun).toEqual([0, 1, 2, 3, 4]);
    clients.leave(2);
    expect(clients.begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('are refused above the limit and those that may wait', () => {
    const admission = new Admission(limits);
    expect(new Clients(admission).come(20)).toBe(10);
    expect([admission.total, admission.waiting]).toEqual([10, 6]);
  });

  it('do not make those of another wait', () => {
    const admission = new Admission(limits);
    new Clients(admission).come(20);
    const others = new Clients(admission, THERE);
    others.come(4);
    expect(others.begun).toHaveLength(4);
  });

  it('do not wait while half of all places are taken: those are for other addresses', () => {
    const admission = new Admission({ ...limits, maxUnauthenticated: 12 });
    expect(new Clients(admission).come(20), 'half of all').toBe(6);
    expect(new Clients(admission, THERE).come(20)).toBe(2);
    expect(new Clients(admission, '198.51.100.3').come(20)).toBe(2);
    expect(new Clients(admission, '198.51.100.4').come(20)).toBe(2);
    expect(admission.total).toBe(12);
  });

  it('go on when the load has gone', () => {
    const admission = new Admission({ ...limits, maxUnauthenticated: 12 });
    const clients = new Clients(admission);
    clients.come(6);
    expect(clients.begun).toHaveLength(4);
    clients.leave(6);
    expect(clients.begun).toHaveLength(6);
    expect([admission.total, admission.waiting]).toEqual([0, 0]);
  });

  it('that end while they wait hold nobody up', () => {
    const admission = new Admission(limits);
    const clients = new Clients(admission);
    clients.come(10);
    clients.leave(10);
    expect([admission.total, admission.waiting]).toEqual([0, 0]);
    clients.come(4);
    expect(clients.begun.slice(-4)).toEqual([10, 11, 12, 13]);
  });

  it('never wait for nobody, and never exceed what may be there, whatever the order of events', () => {
    const event = fc.record({ address: fc.constantFrom(HERE, THERE), comes: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (events, maxUnauthenticated) => {
          const admission = new Admission({ ...limits, maxUnauthenticated });
          const held = new Map<string, number>();
          const sources = new Map([HERE, THERE].map((address) => [address, new Clients(admission, address)]));
          let admitted = 0;
          for (const { address, comes } of events) {
            const before = held.get(address) ?? 0;
            const clients = sources.get(address)!;
            if (comes) {
              const came = clients.come(1);
              admitted += came;
              held.set(address, before + came);
            } else if (before > 0) {
              clients.leave();
              held.set(address, before - 1);
            }
            expect(held.get(address) ?? 0).toBeLessThanOrEqual(10);
            expect(admission.total).toBe([...held.values()].reduce((sum, count) => sum + count, 0));
            expect(admission.total).toBeLessThanOrEqual(maxUnauthenticated);
            expect(admission.waiting).toBeLessThanOrEqual(admission.total);
          }
          for (const [address, count] of held) sources.get(address)!.leave(count);
          expect(admission.waiting).toBe(0);
          const begun = [...sources.values()].reduce((sum, clients) => sum + clients.begun.length, 0);
          expect(begun).toBe(admitted);
        },
      ),
    );
  });
});
