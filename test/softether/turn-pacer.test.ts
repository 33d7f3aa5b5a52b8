import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { TurnPacer } from '../../src/softether/turn-pacer.ts';

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

const pacerOf = (clock: Turns, perTurn: number, isEnoughUnderWay = (): boolean => false): TurnPacer =>
  new TurnPacer({ clock, perTurn, isEnoughUnderWay });

describe('pieces of work', () => {
  it('begin at once where there are few', () => {
    const turns = new Turns();
    const pacer = pacerOf(turns, 2);
    const begun: number[] = [];
    pacer.enter(() => begun.push(1));
    expect(begun).toEqual([1]);
    turns.turn();
    turns.turn();
    expect(turns.isIdle, 'and nothing turns on').toBe(true);
  });

  it('begin two a turn in a storm, in the order of arrival', () => {
    const turns = new Turns();
    const pacer = pacerOf(turns, 2);
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
    const pacer = pacerOf(turns, 1);
    const begun: string[] = [];
    for (const name of ['a', 'b', 'c']) pacer.enter(() => begun.push(name));
    turns.turn();
    pacer.enter(() => begun.push('d'));
    for (let i = 0; i < 5; i++) turns.turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('wait for those under way while turns are long, but not for ever', () => {
    const turns = new Turns();
    let isEnough = true;
    const pacer = pacerOf(turns, 2, () => isEnough);
    let begun = 0;
    const turn = (ms: number): number => {
      const before = begun;
      turns.advance(ms);
      turns.turn();
      return begun - before;
    };
    for (let i = 0; i < 100; i++) pacer.enter(() => begun++);
    expect(turn(30), 'the last one is long ago').toBe(1);
    expect([turn(8), turn(8), turn(8)]).toEqual([0, 0, 1]);
    expect(turn(4), 'a short turn').toBe(2);
    isEnough = false;
    expect(turn(8), 'few are under way').toBe(2);
  });
});
