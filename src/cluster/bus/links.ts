import { BufferPool, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import { memberName } from '../member-id.ts';
import type { Carrier } from './carrier.ts';
import type { Frame, RefusalReason } from './codec/frame.ts';
import type { Conversation } from './conversation.ts';
import type { Conversations } from './conversations.ts';
import type { BusCounters } from './counters.ts';
import { FlushTurn } from './flush-turn.ts';
import { judgeHello, OLDEST_VERSION, VERSION } from './greeting.ts';
import type { BusLimits, BusTiming } from './limits.ts';
import { Link, type LinkDeps } from './link.ts';
import type { BusMember } from './member-source.ts';
import { RefusalLog } from './refusal-log.ts';

const BLOCK_BYTES = 64 * 1024;
const MAX_IDLE_BLOCKS = 16;
/** How often links are looked after. */
const ROUND_MS = 250;

export interface LinksDeps {
  readonly self: MemberBoot;
  readonly cluster: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: BusLimits;
  readonly timing: BusTiming;
  readonly counters: BusCounters;
  readonly conversations: Conversations;
  /** Why a member is not to be spoken with although its certificate is good; undefined = it is. */
  readonly admit: (other: MemberBoot) => string | undefined;
  readonly linked: (other: MemberBoot) => void;
  readonly unlinked: (other: MemberBoot) => void;
  /** A connection that this member has opened did not become a link. */
  readonly failed: (other: BusMember, why: string) => void;
}

/** All links of a bus: from the hello to the end, one for each pair of members, and signs of life. */
export class Links {
  readonly #deps: LinksDeps;
  readonly #linkDeps: LinkDeps;
  readonly #links = new Set<Link>();
  /** Those that are not up yet. */
  readonly #strangers = new Set<Link>();
  readonly #refusals: RefusalLog;
  #round: Timer | undefined;
  #lastRoundMs: number;

  constructor(deps: LinksDeps) {
    this.#deps = deps;
    const { clock, limits, logger } = deps;
    this.#refusals = new RefusalLog(logger, 'a link of the bus was refused');
    this.#linkDeps = {
      clock,
      limits,
      pool: new BufferPool(BLOCK_BYTES, MAX_IDLE_BLOCKS),
      turn: new FlushTurn(clock),
    };
    this.#lastRoundMs = clock.nowMs();
  }

  start(): void {
    this.#lastRoundMs = this.#deps.clock.nowMs();
    this.#round = this.#deps.clock.every(ROUND_MS, () => this.#lookAfter());
  }

  /** Says goodbye on each link, and gives the others a moment to take it. */
  async stop(): Promise<void> {
    this.#round?.cancel();
    const { clock, timing } = this.#deps;
    const links = [...this.#links];
    const waits = links.map((link) => {
      if (link.phase === 'up') link.writer.goodbye('');
      link.close('this member stops');
      return new Promise<void>((resolve) => link.whenWritten(resolve));
    });
    const grace = Promise.withResolvers<undefined>();
    const timer = clock.after(timing.stopGraceMs, () => grace.resolve(undefined));
    await Promise.race([Promise.all(waits), grace.promise]);
    timer.cancel();
  }

  /** Who may be spoken with may have changed. */
  reconsider(): void {
    for (const link of [...this.#links]) {
      const why = link.other && this.#deps.admit(link.other);
      if (why !== undefined) link.close(why);
    }
  }

  /** `dialled`: the member that this side has called. */
  add(carrier: Carrier, dialled: BusMember | undefined): void {
    if (dialled === undefined && this.#strangers.size >= this.#deps.limits.maxStrangers) {
      this.#deps.counters.refusedLinks++;
      carrier.destroy();
      return;
    }
    const link = new Link(carrier, dialled !== undefined, this.#linkDeps);
    let conversation: Conversation | undefined;
    this.#links.add(link);
    this.#strangers.add(link);
    link.receive({
      frame: (frame) => {
        if (link.phase !== 'up') conversation = this.#greet(link, frame, dialled, conversation);
        else conversation?.receive(frame);
      },
      drained: () => conversation?.drained(),
      flushing: () => conversation?.flushing(link),
      ended: (cause) => this.#ended(link, dialled, conversation, cause),
    });
    if (dialled !== undefined) this.#hello(link, dialled.member);
  }

  #hello(link: Link, called: string): void {
    const { self, cluster } = this.#deps;
    const { member, boot } = self;
    link.writer.hello({ version: VERSION, oldestVersion: OLDEST_VERSION, cluster, member, boot, called });
    link.touch();
  }

  /** Hello, then memory. */
  #greet(
    link: Link,
    frame: Frame,
    dialled: BusMember | undefined,
    conversation: Conversation | undefined,
  ): Conversation | undefined {
    if (frame.kind === 'refusal') link.end(frame.text);
    else if (link.phase === 'hello' && frame.kind === 'hello') return this.#heardHello(link, frame, dialled);
    else if (link.phase === 'memory' && frame.kind === 'memory' && conversation !== undefined) {
      if (link.isDialled) link.writer.memory(conversation.memory);
      this.#up(link, frame.memory, conversation);
    } else link.end(`a ${frame.kind} where the hello should have ended`);
    return conversation;
  }

  #heardHello(
    link: Link,
    hello: Extract<Frame, { kind: 'hello' }>,
    dialled: BusMember | undefined,
  ): Conversation | undefined {
    const { self, cluster, conversations, admit } = this.#deps;
    const { carrier } = link;
    const judged = judgeHello(hello, { self, cluster, carrier, expected: dialled?.member });
    if (judged.kind === 'refuse') {
      this.#refuse(link, judged.reason, judged.text);
      return undefined;
    }
    const { other } = judged;
    const why = admit(other);
    if (why !== undefined || !conversations.hasRoomFor(other)) {
      this.#refuse(link, why === undefined ? 'full' : 'other', why ?? 'there is no room for more members');
      return undefined;
    }
    const conversation = conversations.get(other);
    if (this.#isSurplus(link, conversation)) {
      this.#refuse(link, 'duplicate', 'there is a link already');
      return undefined;
    }
    link.other = other;
    link.phase = 'memory';
    conversation.greeted.add(link);
    if (!link.isDialled) {
      this.#hello(link, '');
      link.writer.memory(conversation.memory);
    }
    return conversation;
  }

  #up(link: Link, memory: number, conversation: Conversation): void {
    conversation.greeted.delete(link);
    if (this.#isSurplus(link, conversation)) {
      link.close('there is a link already');
      return;
    }
    const { conversations, linked, logger } = this.#deps;
    this.#strangers.delete(link);
    const { other } = conversation;
    logger.info({ member: other.member, boot: other.boot, remote: link.carrier.remote }, 'a link of the bus is up');
    this.#refusals.forget();
    conversation.adopt(link, memory);
    conversations.met(conversation);
    linked(other);
  }

  /**
   * Both members may have dialled at once: the link that the one with the smaller name has opened stays. A link over which
   * nothing is heard does not count: the other side may have lost it.
   */
  #isSurplus(link: Link, { link: existing, other, state }: Conversation): boolean {
    if (existing === undefined || state !== 'up' || existing.isDialled === link.isDialled) return false;
    const { clock, self, timing } = this.#deps;
    if (clock.nowMs() - existing.lastHeardMs > 2 * timing.pingIntervalMs) return false;
    return existing.isDialled === self.member < other.member;
  }

  #refuse(link: Link, reason: RefusalReason, text: string): void {
    if (reason !== 'duplicate') {
      this.#deps.counters.refusedLinks++;
      this.#refusals.tell(link.carrier.remote, text);
    }
    link.writer.refusal(reason, link.isDialled ? text : `${memberName(this.#deps.self.member)} refuses: ${text}`);
    link.close(text);
  }

  #ended(link: Link, dialled: BusMember | undefined, conversation: Conversation | undefined, cause: string): void {
    const { conversations, failed, logger, unlinked } = this.#deps;
    this.#links.delete(link);
    this.#strangers.delete(link);
    conversation?.greeted.delete(link);
    if (conversation?.lost(link, cause) === true) {
      const { other } = conversation;
      logger.warn({ member: other.member, boot: other.boot, why: cause }, 'a link of the bus is down');
      conversations.parted(conversation);
      unlinked(other);
      return;
    }
    if (dialled !== undefined) failed(dialled, cause);
  }

  #lookAfter(): void {
    const { clock, timing } = this.#deps;
    const nowMs = clock.nowMs();
    // What this member did not hear while it was itself held up is not the others' silence.
    const heldUpMs = Math.max(0, nowMs - this.#lastRoundMs - 2 * ROUND_MS);
    this.#lastRoundMs = nowMs;
    for (const link of this.#links) {
      link.lastHeardMs = Math.min(nowMs, link.lastHeardMs + heldUpMs);
      if (link.phase === 'up') link.ping(timing.pingIntervalMs);
      else if (!link.carrier.isLasting && nowMs - link.openedAtMs > timing.handshakeTimeoutMs) {
        link.end('it did not say hello in time');
      }
    }
    for (const conversation of this.#deps.conversations) {
      if (conversation.link !== undefined) this.#judgeSilence(conversation, conversation.link, nowMs);
    }
  }

  #judgeSilence(conversation: Conversation, link: Link, nowMs: number): void {
    const { silentAfterMs, abandonAfterMs } = this.#deps.timing;
    const unheardMs = nowMs - link.lastHeardMs;
    if (unheardMs >= abandonAfterMs && !link.carrier.isLasting)
      link.end(`nothing heard for ${Math.round(unheardMs / 1000)} s`);
    else if (unheardMs < silentAfterMs) conversation.heard();
    else conversation.silent(`nothing heard for ${silentAfterMs / 1000} s: it hangs, or the network is cut`);
  }
}
