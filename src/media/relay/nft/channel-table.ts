import type { Logger } from '#base';
import type { Clock, Netfilter } from '#io';
import type { KernelChannel, KernelPath } from '../kernel-relay.ts';
import { ChangeQueue } from './change-queue.ts';
import type { NftConversation } from './conversation.ts';
import { CountReader, type Counts } from './count-reader.ts';
import { ElementCounts } from './element-counts.ts';
import { NftPath } from './path.ts';
import { droppedBehind } from './requirements.ts';
import type { Zones } from './zones.ts';

/** While nothing is proven: so long one channel is tried, then another one may be. */
const TRIAL_MS = 2_000;

export interface ChannelOptions {
  /** undefined: counters of a channel that ends are those of the last reading. */
  readonly netfilter: Netfilter | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** See `tableName`. */
  readonly table: string;
  /** Addresses of this machine, now: what comes from them or goes there does not pass where the table looks. */
  readonly isOwnAddress: (address: string) => boolean;
}

export interface ChannelTableParts extends ChannelOptions {
  /** Its table is made. */
  readonly conversation: NftConversation;
  readonly zones: Zones;
  /** The kernel takes packets, and they get no further. */
  readonly nothingPasses: () => void;
}

/** The channels in the table of one conversation, from its making to its end. */
export class ChannelTable {
  readonly #parts: ChannelTableParts;
  readonly #paths = new Set<NftPath>();
  readonly #changes: ChangeQueue;
  readonly #counts: CountReader;
  readonly #lastCounts: ElementCounts | undefined;
  /** A channel has been seen to work; until then there is one at a time, to try. */
  #isProven = false;
  #triedAtMs = -Infinity;
  #isFlushDue = false;
  #isEnded = false;

  constructor(parts: ChannelTableParts) {
    this.#parts = parts;
    const { clock, table, conversation, netfilter, zones } = parts;
    this.#lastCounts = netfilter && new ElementCounts(netfilter, table);
    this.#counts = new CountReader({
      ...{ clock, table, conversation, paths: this.#paths },
      isProven: () => this.#isProven,
      took: (family, passed, starts) => this.#take(family, passed, starts),
    });
    this.#changes = new ChangeQueue(table, conversation, ({ what, path }, error) => {
      if (what === 'remove') zones.giveBack(path.zone);
      else if (error === undefined) this.#installed(path);
      else this.#refused(path, error);
    });
  }

  /** As `KernelRelay.install`. */
  install(channel: KernelChannel, family: 4 | 6, ended: (path: KernelPath) => void): KernelPath | undefined {
    const { isOwnAddress, clock, zones } = this.#parts;
    const nowMs = clock.nowMs();
    if (!this.#isProven && nowMs - this.#triedAtMs < TRIAL_MS) return undefined;
    if (isOwnAddress(channel.a.remote.address) || isOwnAddress(channel.b.remote.address)) return undefined;
    const zone = zones.take();
    if (zone === undefined) return undefined;
    const remove = (one: NftPath): void => this.#remove(one);
    const path = new NftPath(channel, { zone, family, nowMs }, { ended, remove });
    this.#triedAtMs = nowMs;
    this.#paths.add(path);
    this.#changes.add(path);
    this.#flushSoon();
    return path;
  }

  /** The kernel has dropped the table with all that was in it. */
  end(): void {
    this.#isEnded = true;
    this.#counts.close();
    const paths = [...this.#paths];
    this.#paths.clear();
    for (const path of paths) {
      path.isInstalled = false;
      this.#parts.zones.giveBack(path.zone);
      path.end();
    }
  }

  #installed(path: NftPath): void {
    path.isInstalled = !path.isRemoved;
    this.#counts.start();
  }

  #refused(path: NftPath, error: string): void {
    const { logger, zones } = this.#parts;
    logger.warn({ channel: path.channel, error }, `nft did not take a media channel: ${error}; it stays in user space`);
    this.#paths.delete(path);
    zones.giveBack(path.zone);
    path.end();
  }

  #remove(path: NftPath): void {
    path.isInstalled = false;
    if (!this.#paths.delete(path)) return;
    const counts = this.#lastCounts?.read(path.channel, path.family);
    if (counts !== undefined) path.takeBoth(counts.a, counts.b, this.#parts.clock.nowMs());
    this.#changes.remove(path);
    this.#flushSoon();
  }

  /** A packet may have brought it about, in a place where nothing can be waited for. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#parts.clock.soon(() => {
      this.#isFlushDue = false;
      if (!this.#isEnded) this.#changes.flush();
    });
  }

  /** @param starts undefined: not asked for. */
  #take(family: 4 | 6, passed: Counts, starts: Counts | undefined): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const path of this.#paths) {
      if (path.family !== family || !path.isInstalled) continue;
      path.take(passed, nowMs);
      if (starts === undefined) continue;
      if (path.check(starts)) this.#isProven ||= path.hasPassed;
      else if (this.#isProven) this.#withdraw(path);
      else {
        this.#parts.nothingPasses();
        return;
      }
    }
  }

  #withdraw(path: NftPath): void {
    this.#parts.logger.warn({ channel: path.channel }, `a media channel is back in user space: ${droppedBehind}`);
    this.#paths.delete(path);
    this.#changes.remove(path);
    this.#flushSoon();
    path.end();
  }
}
