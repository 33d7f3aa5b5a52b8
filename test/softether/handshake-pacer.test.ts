import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { HandshakePacer } from '../../src/softether/handshake-pacer.ts';

/** One turn of the loop: what `soon` has at this moment. */
class Turns extends VirtualClock {
  #due: (() => void)[] = [];

  override soon(run: () => void): void {
    this.#due.push(run);
  }

  turn(): void {
    for (const run of this.#due.splice(0)) run();
  }

  get isIdle(): boolean {
    return this.#due.length === 0;
  }
}

describe('handshakes', () => {
  it('begin at once where there are few', () => {
    const turns = new Turns();
    const pacer = new HandshakePacer(turns, 2);
    const begun: number[] = [];
    pacer.enter(() => begun.push(1));
    expect(begun).toEqual([1]);
    turns.turn();
    turns.turn();
    expect(turns.isIdle, 'and nothing turns on').toBe(true);
  });

  it('begin two a turn in a storm, in the order of arrival', () => {
    const turns = new Turns();
    const pacer = new HandshakePacer(turns, 2);
    const begun: number[] = [];
    for (let i = 0; i < 1000; i++) pacer.enter(() => begun.push(i));
    expect(begun).toEqual([0, 1]);
    expect(pacer.waiting).toBe(998);
    for (let turn = 1; turn < 500; turn++) {
      turns.turn();
      expect(begun).toHaveLength(2 + 2 * turn);
    }
    expect(begun).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    turns.turn();
    expect([pacer.waiting, turns.isIdle]).toEqual([0, true]);
  });

  it('that come while others wait stand behind them', () => {
    const turns = new Turns();
    const pacer = new HandshakePacer(turns, 1);
    const begun: string[] = [];
    for (const name of ['a', 'b', 'c']) pacer.enter(() => begun.push(name));
    turns.turn();
    pacer.enter(() => begun.push('d'));
    for (let i = 0; i < 5; i++) turns.turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });
});
