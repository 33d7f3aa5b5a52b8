import type { Logger } from '#base';
import { memberName, type Bus, type MemberBoot } from '#cluster';
import type { Clock, Datagrams, Timer } from '#io';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { MediaDialog } from '../proxy/media-dialogs.ts';
import type { CopiedCall, MediaKeeper } from '../proxy/media-keeper.ts';
import { copyService, emptyCopyMessage, readCopyMessage, type CopyMessage } from './copy-message.ts';
import type { CallHash, OwnAddress } from './copy-places.ts';
import type { FarmMember, FarmMembership } from './farm-membership.ts';
import { HeldCopies } from './held-copies.ts';
import { memberIdOf } from './member-id-of.ts';
import { ToldCopies } from './told-copies.ts';

/** How often it is looked whether the addresses of a member that is gone have come here. */
const LOOK_MS = 250;
/** While calls are opened, the rest of the loop has its turn for so long. */
const PAUSE_MS = 10;

/** The calls of this member. */
export interface KeptCalls {
  restore(call: CopiedCall): 'taken' | 'known' | 'refused';
  /** It had been taken over, and its BYE went by another member. */
  ended(end: EndedCall): void;
}

export interface MediaKeepingParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bus: Pick<Bus, 'send' | 'serve'>;
  readonly membership: FarmMembership;
  /** 32 bits of a boot, as members have them. */
  readonly bootNumber: (boot: string) => number;
  readonly datagrams: Pick<Datagrams, 'interfaceAddresses'>;
  readonly hash: CallHash;
}

/**
 * Sees to it that relayed calls are heard when the member dies that relays them: copies of how they are relayed are kept by one
 * or two others, in memory, and whoever comes to have the addresses opens the same ports again. The telephones notice nothing but
 * the silence until then. Over the bus: nobody would tell it again.
 */
export class MediaKeeping implements MediaKeeper {
  readonly #parts: MediaKeepingParts;
  readonly #told: ToldCopies;
  readonly #held: HeldCopies;
  readonly #unfollow: readonly (() => void)[];
  #calls: KeptCalls | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: MediaKeepingParts) {
    const { clock, membership, hash, bus } = parts;
    this.#parts = parts;
    const send = (to: string, message: Partial<CopyMessage>): void => this.#send(to, message);
    this.#told = new ToldCopies({ clock, membership, hash, send });
    this.#held = new HeldCopies({
      membership,
      hash,
      restore: (call) => this.#calls?.restore(call) ?? 'refused',
      hand: (to, take) => send(to, { take }),
      taken: (ids) => this.#taken(ids),
    });
    this.#unfollow = [
      bus.serve(copyService, (body, from) => this.#received(body, from)),
      membership.onChange(() => this.#look()),
    ];
  }

  /** Once, before any call. */
  connect(calls: KeptCalls): void {
    this.#calls = calls;
  }

  changed(dialog: MediaDialog): void {
    this.#told.changed(dialog);
  }

  ended(dialog: MediaDialog): void {
    this.#told.ended(dialog);
  }

  endedElsewhere(end: EndedCall): void {
    const owner = this.#held.end(end);
    if (owner === undefined) return;
    const others = this.#others();
    // While it is gone, whoever has a copy would go on with what is over.
    const isThere = others.some(({ name }) => name === owner);
    for (const name of isThere ? [owner] : others.map((one) => one.name)) this.#send(name, { ended: [end] });
  }

  /** Calls go on until they are stopped; the others learn of nothing, and take them over. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#told.stop();
    for (const unfollow of this.#unfollow) unfollow();
  }

  #received(body: unknown, { member, boot }: MemberBoot): undefined {
    const message = this.#isStopped ? undefined : readCopyMessage(body);
    if (message === undefined) return undefined;
    const { put, drop, take, ended } = message;
    for (const id of drop) this.#held.drop(id);
    if (put.length > 0) this.#held.put(memberName(member), this.#parts.bootNumber(boot), put);
    if (take !== undefined) this.#held.take(take);
    for (const end of ended) {
      this.#held.end(end);
      this.#calls?.ended(end);
    }
    if (put.length > 0 || take !== undefined) this.#watch();
    return undefined;
  }

  #look(): void {
    if (this.#isStopped) return;
    this.#told.look();
    this.#watch();
  }

  /** As long as somebody is gone whose calls are wanted. */
  #watch(): void {
    if (this.#held.count === 0) return;
    const { clock } = this.#parts;
    const found = this.#held.look(clock.nowMs(), this.#ownAddresses());
    this.#timer?.cancel();
    this.#timer = undefined;
    if (found === 'none') return;
    this.#timer = clock.after(found === 'busy' ? PAUSE_MS : LOOK_MS, () => this.#watch());
  }

  /** Looked for at most once in a turn, and only if somebody asks. */
  #ownAddresses(): OwnAddress {
    let own: ReadonlySet<string> | undefined;
    return (address) => {
      own ??= new Set(this.#parts.datagrams.interfaceAddresses().map((one) => one.address));
      return own.has(address) || address.startsWith('127.');
    };
  }

  #taken(ids: readonly string[]): void {
    for (const { name } of this.#others()) this.#send(name, { drop: ids });
    this.#parts.logger.info(
      { calls: ids.length },
      'the media of calls go on here: the member that relayed them is gone',
    );
  }

  #others(): readonly FarmMember[] {
    const { membership } = this.#parts;
    return membership.members().filter(({ token, isReachable }) => isReachable && token !== membership.self.token);
  }

  #send(to: string, message: Partial<CopyMessage>): void {
    if (this.#isStopped) return;
    this.#parts.bus.send(memberIdOf(to), copyService, { ...emptyCopyMessage, ...message });
  }
}
