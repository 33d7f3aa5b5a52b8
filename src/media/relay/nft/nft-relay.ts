import { reasonOf, type Logger } from '#base';
import type { Clock, Commands, Consoles, Timer } from '#io';
import type { KernelChannel, KernelPath, KernelRelay } from '../kernel-relay.ts';
import { ChangeQueue, FIRST_FENCE } from './change-queue.ts';
import { NftConversation } from './conversation.ts';
import { readFence, readMapListing, type ElementCount } from './map-listing.ts';
import { NftPath } from './path.ts';
import { droppedBehind, explain, readForwarding, type Forwarding } from './requirements.ts';
import { createTable, familyOf, listFence, listMap, setFence } from './ruleset.ts';
import { Zones } from './zones.ts';

/** Counters are read so often while the kernel forwards something; reading those of a channel takes nft about 0.1 ms. */
const COUNT_MS = 5_000;
const COUNT_MS_PER_CHANNEL = 5;
/** That their packets get through is looked at with each so-manieth reading, once it is known to work here. */
const READINGS_PER_CHECK = 6;
/** And so soon after the first channel, which shows whether it works here. */
const FIRST_COUNT_MS = 300;
/** While nothing is proven: so long one channel is tried, then another one may be. */
const TRIAL_MS = 2_000;
/** After that the reasons why the kernel forwards nothing may be gone. */
const RETRY_MS = 60_000;

type Counts = ReadonlyMap<string, ElementCount>;

export interface NftRelayOptions {
  readonly consoles: Consoles;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
  /** See `tableName`. */
  readonly table: string;
  /** IP_TOS of what is forwarded. */
  readonly typeOfService: number | undefined;
  /** Addresses of this machine, now: what comes from them or goes there does not pass where the table looks. */
  readonly isOwnAddress: (address: string) => boolean;
  /** Members of one host begin with different zones. */
  readonly firstZone: number;
}

/** The kernel as the relay, through one long-lived `nft`. */
export class NftRelay implements KernelRelay {
  problem: string | undefined = 'it is being asked';
  readonly #options: NftRelayOptions;
  readonly #zones: Zones;
  readonly #paths = new Set<NftPath>();
  #forwarding: Forwarding = { 4: undefined, 6: undefined };
  #conversation: NftConversation | undefined;
  #changes: ChangeQueue | undefined;
  /** A channel has been seen to work; until then there is one at a time, to try. */
  #isProven = false;
  #triedAtMs = -Infinity;
  #readings = 0;
  #isFlushDue = false;
  #counting: Timer | undefined;
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(options: NftRelayOptions) {
    this.#options = options;
    this.#zones = new Zones(options.firstZone);
  }

  /** Resolves when it is known whether the kernel forwards. Never rejects: see `problem`. */
  async start(): Promise<void> {
    const { consoles, commands, clock } = this.#options;
    this.#forwarding = await readForwarding(commands);
    const { 4: four, 6: six } = this.#forwarding;
    if (four !== undefined && six !== undefined) {
      this.#giveUp(four);
      return;
    }
    try {
      const conversation = await NftConversation.open(consoles, clock, (why) => this.#giveUp(why));
      if (this.#isStopped) conversation.close();
      else await this.#makeTable(conversation);
    } catch (error) {
      this.#giveUp(`${reasonOf(error)} (package nftables)`);
    }
  }

  async #makeTable(conversation: NftConversation): Promise<void> {
    this.#conversation = conversation;
    const { clock, table, typeOfService } = this.#options;
    const text = [...createTable(table, typeOfService), setFence(table, FIRST_FENCE), listFence(table)].join('\n');
    await new Promise<void>((resolve) => {
      // Where there is no table the listing is an error: another one follows that always answers.
      const fallback = clock.after(FIRST_COUNT_MS * 10, () => {
        if (this.#conversation === conversation) this.#giveUp(explain(conversation.takeError()));
        resolve();
      });
      conversation.ask(text, (lines) => {
        fallback.cancel();
        if (readFence(lines) === FIRST_FENCE) this.#begin(conversation);
        else this.#giveUp(explain(conversation.takeError()));
        resolve();
      });
    });
  }

  install(channel: KernelChannel, ended: (path: KernelPath) => void): KernelPath | undefined {
    const family = familyOf(channel);
    if (this.#changes === undefined || family === undefined || this.#forwarding[family] !== undefined) return undefined;
    const { isOwnAddress, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (!this.#isProven && nowMs - this.#triedAtMs < TRIAL_MS) return undefined;
    if (isOwnAddress(channel.a.remote.address) || isOwnAddress(channel.b.remote.address)) return undefined;
    const zone = this.#zones.take();
    if (zone === undefined) return undefined;
    const remove = (one: NftPath): void => this.#remove(one);
    const path = new NftPath(channel, { zone, family, nowMs }, { ended, remove });
    this.#triedAtMs = nowMs;
    this.#paths.add(path);
    this.#changes.add(path);
    this.#flushSoon();
    return path;
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#end();
  }

  #begin(conversation: NftConversation): void {
    const { table, logger } = this.#options;
    this.problem = undefined;
    this.#isProven = false;
    this.#changes = new ChangeQueue(table, conversation, ({ what, path }, error) => {
      if (what === 'remove') this.#zones.giveBack(path.zone);
      else if (error === undefined) this.#installed(path);
      else this.#refused(path, error);
    });
    logger.info({ table }, 'the kernel forwards media: calls are handed to nftables when both parties are known');
  }

  #installed(path: NftPath): void {
    path.isInstalled = !path.isRemoved;
    this.#countSoon();
  }

  #refused(path: NftPath, error: string): void {
    const { logger } = this.#options;
    logger.warn({ channel: path.channel, error }, `nft did not take a media channel: ${error}; it stays in user space`);
    this.#paths.delete(path);
    this.#zones.giveBack(path.zone);
    path.end();
  }

  #remove(path: NftPath): void {
    path.isInstalled = false;
    if (!this.#paths.delete(path)) return;
    this.#changes?.remove(path);
    this.#flushSoon();
  }

  /** A packet may have brought it about, in a place where nothing can be waited for. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.clock.soon(() => {
      this.#isFlushDue = false;
      this.#changes?.flush();
    });
  }

  #countSoon(): void {
    const delayMs = this.#isProven ? COUNT_MS + this.#paths.size * COUNT_MS_PER_CHANNEL : FIRST_COUNT_MS;
    this.#counting ??= this.#options.clock.after(delayMs, () => {
      this.#counting = undefined;
      this.#count();
    });
  }

  #count(): void {
    const families = ([4, 6] as const).filter((family) => [...this.#paths].some((path) => path.family === family));
    const family = families.shift();
    if (family === undefined) return;
    this.#readings++;
    this.#countOf(family, () => {
      const next = families.shift();
      if (next === undefined) this.#countAgain();
      else this.#countOf(next, () => this.#countAgain());
    });
  }

  #countAgain(): void {
    if (this.#paths.size > 0) this.#countSoon();
  }

  #countOf(family: 4 | 6, then: () => void): void {
    const conversation = this.#conversation;
    const { table } = this.#options;
    const isCheck = !this.#isProven || this.#readings % READINGS_PER_CHECK === 0;
    conversation?.ask(listMap(table, `z${family}`), (lines) => {
      const passed = readMapListing(lines);
      const take = (starts: Counts | undefined): void => {
        this.#take(family, passed, starts);
        then();
      };
      if (isCheck) conversation.ask(listMap(table, `d${family}`), (listed) => take(readMapListing(listed)));
      else take(undefined);
    });
  }

  /** @param starts undefined: not asked for. */
  #take(family: 4 | 6, passed: Counts, starts: Counts | undefined): void {
    const nowMs = this.#options.clock.nowMs();
    for (const path of this.#paths) {
      if (path.family !== family || !path.isInstalled) continue;
      path.take(passed, nowMs);
      if (starts === undefined) continue;
      if (path.check(starts)) this.#isProven ||= path.hasPassed;
      else if (this.#isProven) this.#withdraw(path);
      else {
        this.#giveUp(droppedBehind);
        return;
      }
    }
  }

  #withdraw(path: NftPath): void {
    this.#options.logger.warn({ channel: path.channel }, `a media channel is back in user space: ${droppedBehind}`);
    this.#paths.delete(path);
    this.#changes?.remove(path);
    this.#flushSoon();
    path.end();
  }

  #giveUp(why: string): void {
    if (this.#isStopped) return;
    const { logger, clock } = this.#options;
    if (this.problem !== why) logger.warn({}, `media is forwarded in user space: ${why}`);
    this.problem = why;
    this.#end();
    this.#retry?.cancel();
    this.#retry = clock.after(RETRY_MS, () => void this.start());
  }

  /** The table goes with the conversation. */
  #end(): void {
    this.#counting?.cancel();
    this.#counting = undefined;
    this.#conversation?.close();
    this.#conversation = undefined;
    this.#changes = undefined;
    const paths = [...this.#paths];
    this.#paths.clear();
    for (const path of paths) {
      path.isInstalled = false;
      this.#zones.giveBack(path.zone);
      path.end();
    }
  }
}
