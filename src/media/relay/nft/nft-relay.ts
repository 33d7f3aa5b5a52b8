import { reasonOf } from '#base';
import type { Commands, Consoles, Timer } from '#io';
import type { KernelChannel, KernelPath, KernelRelay } from '../kernel-relay.ts';
import { FIRST_FENCE } from './change-queue.ts';
import { ChannelTable, type ChannelOptions } from './channel-table.ts';
import { NftConversation } from './conversation.ts';
import { readFence } from './map-listing.ts';
import { droppedBehind, explain, readForwarding, type Forwarding } from './requirements.ts';
import { createTable, familyOf, listFence, setFence } from './ruleset.ts';
import { Zones } from './zones.ts';

/** Where there is no table, the listing at the end of its making is an error and answers nothing. */
const SETUP_MS = 3_000;
/** After that the reasons why the kernel forwards nothing may be gone. Trying whether packets get through costs a call some. */
const RETRY_MS = 60_000;
const RETRY_TRIAL_MS = 600_000;

export interface NftRelayOptions extends ChannelOptions {
  readonly consoles: Consoles;
  readonly commands: Commands;
  /** IP_TOS of what is forwarded. */
  readonly typeOfService: number | undefined;
  /** Members of one host begin with different zones. */
  readonly firstZone: number;
}

/** The kernel as the relay, through one long-lived `nft`. */
export class NftRelay implements KernelRelay {
  problem: string | undefined = 'it is being asked';
  readonly #options: NftRelayOptions;
  readonly #zones: Zones;
  #forwarding: Forwarding = { 4: undefined, 6: undefined };
  #conversation: NftConversation | undefined;
  #channels: ChannelTable | undefined;
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
    if (family === undefined || this.#forwarding[family] !== undefined) return undefined;
    return this.#channels?.install(channel, family, ended);
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#end();
  }

  #begin(conversation: NftConversation): void {
    const { table, logger } = this.#options;
    this.problem = undefined;
    this.#channels = new ChannelTable({
      ...this.#options,
      conversation,
      zones: this.#zones,
      nothingPasses: () => this.#giveUp(droppedBehind),
    });
    logger.info({ table }, 'the kernel forwards media: calls are handed to nftables when both parties are known');
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
    this.#conversation?.close();
    this.#conversation = undefined;
    const channels = this.#channels;
    this.#channels = undefined;
    channels?.end();
  }
}
