import type { Clock, Timer } from '#io';
import type { NftConversation } from './conversation.ts';
import { readMapListing, type ElementCount } from './map-listing.ts';
import type { NftPath } from './path.ts';
import { listMap } from './ruleset.ts';

/** Counters are read so often while the kernel forwards something; reading those of a channel takes nft about 0.1 ms. */
const COUNT_MS = 5_000;
const COUNT_MS_PER_CHANNEL = 5;
/** And so soon after the first channel, which shows whether it works here. */
const TRIAL_MS = 300;
/** That packets get through is looked at with each so-manieth reading, once it is known to work here. */
const READINGS_PER_CHECK = 6;

export type Counts = ReadonlyMap<string, ElementCount>;

export interface CountReaderParts {
  readonly clock: Clock;
  readonly conversation: NftConversation;
  readonly table: string;
  readonly paths: ReadonlySet<NftPath>;
  /** It has been seen to work here. */
  readonly isProven: () => boolean;
  /** Of one version of IP: all packets, and where it was asked for those that began flows. */
  readonly took: (family: 4 | 6, passed: Counts, starts: Counts | undefined) => void;
}

/** Reads the kernel's counters as long as there are channels. */
export class CountReader {
  readonly #parts: CountReaderParts;
  #timer: Timer | undefined;
  #readings = 0;
  #isReading = false;
  #isClosed = false;

  constructor(parts: CountReaderParts) {
    this.#parts = parts;
  }

  /** There is a channel now. */
  start(): void {
    if (this.#isClosed || this.#isReading) return;
    const { clock, paths, isProven } = this.#parts;
    const delayMs = isProven() ? COUNT_MS + paths.size * COUNT_MS_PER_CHANNEL : TRIAL_MS;
    this.#timer ??= clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#read();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #read(): void {
    const { paths } = this.#parts;
    this.#readings++;
    this.#isReading = true;
    this.#readFamilies(([4, 6] as const).filter((family) => [...paths].some((path) => path.family === family)));
  }

  #readFamilies([family, ...rest]: readonly (4 | 6)[]): void {
    if (family === undefined) {
      this.#isReading = false;
      if (this.#parts.paths.size > 0) this.start();
      return;
    }
    const { conversation, table, isProven, took } = this.#parts;
    const isCheck = !isProven() || this.#readings % READINGS_PER_CHECK === 0;
    conversation.ask(listMap(table, `z${family}`), (lines) => {
      const passed = readMapListing(lines);
      const take = (starts: Counts | undefined): void => {
        if (this.#isClosed) return;
        took(family, passed, starts);
        this.#readFamilies(rest);
      };
      if (isCheck) conversation.ask(listMap(table, `d${family}`), (listed) => take(readMapListing(listed)));
      else take(undefined);
    });
  }
}
