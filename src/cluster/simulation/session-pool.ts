import { doubled } from './agenda.ts';

/** Sessions that live, as rows of numbers: a row is used again when its session has ended. */
export class SessionPool {
  /** Its member; -1 = the row is free. */
  member = new Int32Array(1_024);
  /** Its dynamic hub; -1 = a static one. */
  hub = new Int32Array(1_024);
  /** The tick at which it ends. */
  endTick = new Int32Array(1_024);
  #free: number[] = [];
  #used = 0;
  #live = 0;

  get live(): number {
    return this.#live;
  }

  add(member: number, hub: number, endTick: number): number {
    let row = this.#free.pop();
    if (row === undefined) {
      if (this.#used === this.member.length) this.#grow();
      row = this.#used++;
    }
    this.member[row] = member;
    this.hub[row] = hub;
    this.endTick[row] = endTick;
    this.#live++;
    return row;
  }

  remove(row: number): void {
    this.member[row] = -1;
    this.#free.push(row);
    this.#live--;
  }

  /** Rows of all sessions on `member`; looks at every row. */
  *of(member: number): Generator<number> {
    for (let row = 0; row < this.#used; row++) if (this.member[row] === member) yield row;
  }

  #grow(): void {
    this.member = doubled(this.member);
    this.hub = doubled(this.hub);
    this.endTick = doubled(this.endTick);
  }
}
