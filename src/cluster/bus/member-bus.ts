import type { Logger } from '#base';
import type { Clock, Random } from '#io';
import {
  Gone,
  Overloaded,
  Timeout,
  type Bus,
  type BusAddress,
  type BusHandler,
  type BusLink,
  type CallOptions,
} from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import { memberName, type MemberId } from '../member-id.ts';
import type { Carrier, LinkMaker } from './carrier.ts';
import { Conversation } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { newBusCounters, type BusCounters } from './counters.ts';
import { defaultBusLimits, defaultBusTiming, type BusLimits, type BusTiming } from './limits.ts';
import { Links } from './links.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import { MemberDialler, type DiallerDeps, type Wish } from './member-dialler.ts';
import type { MemberSource } from './member-source.ts';
import { isLonger, Services, toJson } from './services.ts';

export interface MemberBusOptions {
  readonly self: MemberBoot;
  /** Id of the cluster: members of another one are refused. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly members: MemberSource;
  /** Ways to other members, best first. */
  readonly makers: readonly LinkMaker[];
  /**
   * Why a member is not to be spoken with although its certificate is good (it was removed, say). Asked at its hello, and of
   * all when `members` has changed. Absent = all are.
   */
  readonly admit?: (other: MemberBoot) => string | undefined;
  readonly limits?: Partial<BusLimits>;
  readonly timing?: Partial<BusTiming>;
}

/** Head of a frame, beside the body: seq, time-out, name of the service. */
const FRAME_HEAD_BYTES = 128;

export class MemberBus implements Bus {
  readonly self: MemberBoot;
  readonly counters: BusCounters = newBusCounters();
  readonly #options: MemberBusOptions;
  readonly #limits: BusLimits;
  readonly #timing: BusTiming;
  readonly #services: Services;
  readonly #conversations: Conversations;
  readonly #links: Links;
  /** Calls to this member itself. */
  readonly #toSelf: OutgoingCalls;
  readonly #diallers = new Map<MemberId, MemberDialler>();
  readonly #watchers = new Set<(link: BusLink) => void>();
  #nextSeq = 1;
  #unwatch: (() => void) | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: MemberBusOptions) {
    const { self, clock, random, logger, cluster, admit = () => undefined } = options;
    this.self = self;
    this.#options = options;
    this.#limits = { ...defaultBusLimits, ...options.limits };
    this.#timing = { ...defaultBusTiming, ...options.timing };
    const limits = this.#limits;
    this.#services = new Services(memberName(self.member), limits.maxFrameBytes - FRAME_HEAD_BYTES, logger);
    this.#toSelf = new OutgoingCalls(memberName(self.member), clock, limits);
    const shared = { clock, limits, counters: this.counters };
    this.#conversations = new Conversations(
      {
        ...shared,
        services: this.#services,
        nextSeq: () => this.#nextSeq,
        changed: (link) => this.#changed(link),
      },
      random,
    );
    this.#links = new Links({
      ...shared,
      self,
      cluster,
      logger,
      admit,
      timing: this.#timing,
      conversations: this.#conversations,
      linked: ({ member }) => this.#diallers.get(member)?.linked(),
      unlinked: ({ member }) => {
        if (!this.#conversations.hasLink(member)) this.#diallers.get(member)?.unlinked();
      },
      failed: (other, why) => this.#diallers.get(other.member)?.failed(why),
    });
  }

  /** Takes links, and dials. Services that are to be there from the first moment are to be named before. */
  async start(): Promise<void> {
    const { makers, members } = this.#options;
    this.#state = 'running';
    this.#links.start();
    for (const maker of makers) await maker.start((carrier) => this.#accept(carrier));
    this.#unwatch = members.onChange(() => this.#list());
    this.#list();
  }

  serve(service: string, handler: BusHandler): () => void {
    return this.#services.serve(service, handler);
  }

  call(to: BusAddress, service: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    const { timeoutMs = this.#timing.callTimeoutMs, signal } = options;
    if (this.#state === 'stopped') return Promise.reject(this.#stopping());
    if (signal?.aborted === true) {
      return Promise.reject(new Timeout(`${service} was given up before it was sent`, { cause: signal.reason }));
    }
    let json: string;
    try {
      json = toJson(body);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    const { maxFrameBytes } = this.#limits;
    if (isLonger(json, maxFrameBytes - FRAME_HEAD_BYTES)) {
      return Promise.reject(new Overloaded(`${service} not sent: its body is longer than ${maxFrameBytes} bytes`));
    }
    const call = { seq: this.#nextSeq++, service, json, timeoutMs, signal };
    this.counters.sentCalls++;
    if (this.#isSelf(to)) return this.#callSelf(call);
    const addressee = this.#conversations.resolve(to);
    if (!(addressee instanceof Conversation)) return Promise.reject(new Gone(addressee.gone));
    const answer = addressee.call(call);
    if (addressee.link === undefined) this.#dialler(addressee.other.member)?.look();
    return answer;
  }

  send(to: BusAddress, service: string, body: unknown): void {
    this.counters.sentSends++;
    if (!this.#trySend(to, service, toJson(body))) this.counters.droppedSends++;
  }

  links(): readonly BusLink[] {
    return [...this.#conversations].filter(({ state }) => state === 'up').map((each) => each.describe());
  }

  onLink(changed: (link: BusLink) => void): () => void {
    // A function of its own: the same watcher may come twice.
    const watcher = (link: BusLink): void => changed(link);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#unwatch?.();
    for (const dialler of this.#diallers.values()) dialler.rest();
    this.#diallers.clear();
    for (const maker of this.#options.makers) await maker.stop();
    await this.#links.stop();
    for (const conversation of this.#conversations) conversation.leave(() => this.#stopping());
    this.#toSelf.failAll(() => this.#stopping());
  }

  #accept(carrier: Carrier): void {
    if (this.#state === 'running') this.#links.add(carrier, undefined);
    else carrier.destroy();
  }

  #list(): void {
    const members = this.#options.members.busMembers().filter(({ member }) => member !== this.self.member);
    this.#conversations.list(members);
    this.#links.reconsider();
    for (const other of members) this.#dialler(other.member)?.look();
    for (const [member, dialler] of this.#diallers) {
      if (this.#conversations.listed(member) !== undefined) continue;
      dialler.rest();
      this.#diallers.delete(member);
    }
  }

  /** undefined: it cannot be dialled. */
  #dialler(member: MemberId): MemberDialler | undefined {
    const other = this.#conversations.listed(member);
    if (other === undefined || this.#state !== 'running') return undefined;
    const known = this.#diallers.get(member);
    if (known !== undefined) {
      known.update(other);
      return known;
    }
    const maker = this.#options.makers.find((each) => each.reaches(other));
    if (maker === undefined) return undefined;
    const { clock, random, logger } = this.#options;
    const deps: DiallerDeps = {
      self: this.self.member,
      clock,
      random,
      logger,
      timing: this.#timing,
      dial: maker.dial.bind(maker),
      connected: (carrier, dialled) => this.#links.add(carrier, dialled),
      wish: (wished) => this.#wish(wished),
    };
    const dialler = new MemberDialler(other, deps);
    if (this.#conversations.hasLink(member)) dialler.linked();
    this.#diallers.set(member, dialler);
    return dialler;
  }

  #wish(member: MemberId): Wish {
    if (this.#state !== 'running') return 'none';
    if (this.#conversations.isWanted(member)) return 'urgent';
    return this.#conversations.listed(member)?.keepsLink === false ? 'none' : 'link';
  }

  #isSelf(to: BusAddress): boolean {
    if (typeof to === 'string') return to === this.self.member;
    return to.member === this.self.member && to.boot === this.self.boot;
  }

  #callSelf(call: Parameters<OutgoingCalls['add']>[0]): Promise<unknown> {
    const shortage = this.#toSelf.shortage(call.json);
    if (shortage !== undefined) return Promise.reject(new Overloaded(`${call.service} not sent: ${shortage}`));
    const answer = this.#toSelf.add(call, undefined);
    this.#services.call(call.seq, call.service, call.json, this.self, (outcome) => this.#toSelf.settle(outcome));
    return answer;
  }

  #trySend(to: BusAddress, service: string, json: string): boolean {
    if (this.#state === 'stopped' || isLonger(json, this.#limits.maxFrameBytes - FRAME_HEAD_BYTES)) return false;
    if (this.#isSelf(to)) {
      // Later, as with any other member.
      this.#options.clock.soon(() => this.#services.deliver(service, json, this.self));
      return true;
    }
    const addressee = this.#conversations.resolve(to);
    if (!(addressee instanceof Conversation)) return false;
    if (addressee.send(service, json)) return true;
    if (addressee.link === undefined) this.#dialler(addressee.other.member)?.look();
    return false;
  }

  #stopping(): Error {
    return new Timeout(`${memberName(this.self.member)} stops`);
  }

  #changed(link: BusLink): void {
    if (this.#state === 'stopped') return;
    for (const watcher of [...this.#watchers]) watcher(link);
  }
}
