import { reasonOf, type Logger } from '#base';
import type { Clock, Commands, Consoles, Timer } from '#io';
import type { KernelChannel, KernelPath, KernelRelay } from '../kernel-relay.ts';
import { ChangeQueue, FIRST_FENCE } from './change-queue.ts';
import { NftConversation } from './conversation.ts';
import { CountReader, type Counts } from './count-reader.ts';
import { readFence } from './map-listing.ts';
import { NftPath } from './path.ts';
import { droppedBehind, explain, readForwarding, type Forwarding } from './requirements.ts';
import { createTable, familyOf, listFence, setFence } from './ruleset.ts';
import { Zones } from './zones.ts';

/** While nothing is proven: so long one channel is tried, then another one may be. */
const TRIAL_MS = 2_000;
/** Where there is no table, the listing at the end of its making is an error and answers nothing. */
const SETUP_MS = 3_000;
/** After that the reasons why the kernel forwards nothing may be gone. Trying whether packets get through costs a call some. */
const RETRY_MS = 60_000;
const RETRY_TRIAL_MS = 600_000;

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
  #isFlushDue = false;
  #counts: CountReader | undefined;
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
      const fallback = clock.after(SETUP_MS, () => {
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
    const { table, logger, clock } = this.#options;
    this.problem = undefined;
    this.#isProven = false;
    this.#counts = new CountReader({
      ...{ clock, table, conversation, paths: this.#paths },
      isProven: () => this.#isProven,
      took: (family, passed, starts) => this.#take(family, passed, starts),
    });
    this.#changes = new ChangeQueue(table, conversation, ({ what, path }, error) => {
      if (what === 'remove') this.#zones.giveBack(path.zone);
      else if (error === undefined) this.#installed(path);
      else this.#refused(path, error);
    });
    logger.info({ table }, 'the kernel forwards media: calls are handed to nftables when both parties are known');
  }

  #installed(path: NftPath): void {
    path.isInstalled = !path.isRemoved;
    this.#counts?.start();
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
    this.#retry = clock.after(why === droppedBehind ? RETRY_TRIAL_MS : RETRY_MS, () => void this.start());
  }

  /** The table goes with the conversation. */
  #end(): void {
    this.#counts?.close();
    this.#counts = undefined;
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
