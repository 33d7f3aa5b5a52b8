import type { AccountRecord } from '#sip';
import type { Clock } from '#io';

/** A row that cannot become an account. */
export interface RefusedRow {
  /** From 0. */
  readonly row: number;
  readonly user: string;
  readonly reason: string;
}

/** Accounts in memory on their way into the store. */
export class Upload {
  readonly id: string;
  readonly domain: string;
  /** In the order of the upload; text = why the row is none. */
  #rows: (AccountRecord | string)[] = [];
  #records: AccountRecord[] = [];
  #hasBegun = false;
  readonly #parts: { readonly users: readonly string[]; readonly revision: number }[] = [];
  #added = 0;

  constructor(id: string, domain: string) {
    this.id = id;
    this.domain = domain;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Accounts that shall be made; known once the rows were examined. */
  get accepted(): number {
    return this.#records.length;
  }

  get added(): number {
    return this.#added;
  }

  /** What was written so far, by transaction. */
  get parts(): readonly { readonly users: readonly string[]; readonly revision: number }[] {
    return this.#parts;
  }

  add(row: AccountRecord | string): void {
    this.#rows.push(row);
  }

  /** True once. */
  begins(): boolean {
    const begins = !this.#hasBegun;
    this.#hasBegun = true;
    return begins;
  }

  /** `problemOf` gets the names that rows before have taken, and adds those of a good one. */
  examine(problemOf: (record: AccountRecord, taken: Set<string>) => string | undefined): readonly RefusedRow[] {
    const refused: RefusedRow[] = [];
    const taken = new Set<string>();
    for (const [row, record] of this.#rows.entries()) {
      const reason = typeof record === 'string' ? record : problemOf(record, taken);
      if (typeof record !== 'string' && reason === undefined) this.#records.push(record);
      else refused.push({ row, user: typeof record === 'string' ? '' : record.user, reason: reason ?? '' });
    }
    this.#rows = [];
    return refused;
  }

  next(max: number): readonly AccountRecord[] {
    return this.#records.slice(this.#added, this.#added + max);
  }

  written(revision: number, users: readonly string[]): void {
    this.#parts.push({ users, revision });
    this.#added += users.length;
  }
}

const idleMs = 600_000;

/** The one upload that is going on. */
export class Uploads {
  readonly #clock: Clock;
  #current: { readonly upload: Upload; usedAtMs: number } | undefined;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Without an id: a new one, which ends the one before. undefined: no such upload of this domain. */
  open(domain: string, id: string): Upload | undefined {
    if (id !== '') {
      const upload = this.find(id);
      return upload?.domain === domain ? upload : undefined;
    }
    const upload = new Upload(`${Math.floor(this.#clock.wallMs())}-${++this.#count}`, domain);
    this.#current = { upload, usedAtMs: this.#clock.nowMs() };
    return upload;
  }

  find(id: string): Upload | undefined {
    const current = this.#current;
    if (current === undefined || current.upload.id !== id) return undefined;
    const nowMs = this.#clock.nowMs();
    if (nowMs - current.usedAtMs > idleMs) {
      this.#current = undefined;
      return undefined;
    }
    current.usedAtMs = nowMs;
    return current.upload;
  }

  close(upload: Upload): void {
    if (this.#current?.upload === upload) this.#current = undefined;
  }
}
