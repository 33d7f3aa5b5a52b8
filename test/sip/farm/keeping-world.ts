import { silentLogger } from '#base';
import { memberName, type BusHandler, type MemberBoot, type MemberId } from '#cluster';
import type { MediaCall } from '#media';
import { VirtualClock } from '#io/sim';
import type { FarmMember } from '../../../src/sip/farm/farm-membership.ts';
import { MediaKeeping } from '../../../src/sip/farm/media-keeping.ts';
import type { EndedCall } from '../../../src/sip/proxy/ended-call.ts';
import type { MediaDialog } from '../../../src/sip/proxy/media-dialogs.ts';
import type { CopiedCall } from '../../../src/sip/proxy/media-keeper.ts';
import { audio, facts, MediaWorld } from '../../media/media-world.ts';

/** As a map of the world says where a port is bound. */
const placesOf = ({ copy }: CopiedCall): string[] =>
  copy.ports.flatMap((pair) =>
    pair === undefined ? [] : [`${copy.faces.a.bound}:${pair.a}`, `${copy.faces.b.bound}:${pair.b}`],
  );

const hashOf = (callId: string): number =>
  Buffer.from(callId).reduce((sum, one) => Math.imul(sum ^ one, 0x9e3779b1), 7) >>> 0;

/** A member as far as it relays media, and its machine, which has addresses. */
export class KeepingMember {
  readonly world: KeepingWorld;
  readonly name: string;
  readonly machine: string;
  readonly media: MediaWorld;
  boot = 1;
  isUp = true;
  keeping!: MediaKeeping;
  /** Call-IDs that it goes on with. */
  readonly taken: string[] = [];
  readonly ended: EndedCall[] = [];
  readonly dialogs = new Map<string, MediaDialog>();
  handler: BusHandler | undefined;
  readonly #firstAddresses: readonly string[];
  #changed: (() => void) | undefined;

  constructor(world: KeepingWorld, name: string, machine: string, address: string) {
    this.world = world;
    this.name = name;
    this.machine = machine;
    world.addressesOf(machine).add(address);
    this.#firstAddresses = [...world.addressesOf(machine)];
    this.media = new MediaWorld({ addresses: [address], relay: 'always', ports: { first: 10_000, last: 19_999 } });
    this.#open();
  }

  get asMember(): FarmMember {
    const { name, boot, machine, isUp, world } = this;
    const addresses = world.areRecordsLate ? this.#firstAddresses : [...world.addressesOf(machine)];
    return {
      ...{ token: name, name, boot, machine, relayHost: '', relayPort: 1, weight: 100, mode: 'member' },
      ...{ isInFarm: isUp, isReachable: isUp, sockets: [], addresses },
    };
  }

  /** A call that is up. */
  call(callId: string): MediaDialog {
    const call = this.media.proxy.call(facts, { silent: () => undefined });
    call.offer('a', audio('192.168.1.2', 5004));
    call.up();
    call.answer('b', audio('10.0.0.50', 6000), true);
    return this.#has(call, callId);
  }

  hangUp(callId: string): void {
    const dialog = this.dialogs.get(callId)!;
    dialog.call.end();
    this.#close(dialog);
    this.keeping.ended(dialog);
  }

  /** Without a word. Its sockets are closed now, or later. */
  die(closes = true): void {
    this.isUp = false;
    this.keeping.stop();
    this.handler = undefined;
    if (closes) this.closeSockets();
    this.world.changed();
  }

  closeSockets(): void {
    for (const dialog of this.dialogs.values()) this.#close(dialog);
    this.dialogs.clear();
    this.media.proxy.stop();
  }

  comeBack(): void {
    this.boot++;
    this.isUp = true;
    this.#open();
    this.world.changed();
  }

  see(): void {
    if (this.isUp) this.#changed?.();
  }

  #open(): void {
    const { world } = this;
    this.keeping = new MediaKeeping({
      clock: world.clock,
      logger: silentLogger,
      bootNumber: Number,
      hash: hashOf,
      datagrams: {
        interfaceAddresses: () =>
          [...world.addressesOf(this.machine)].map((address) => ({ address, prefixLength: 24 }) as never),
      },
      bus: {
        send: (to, _service, body) => world.send(this, to as MemberId, body),
        serve: (_service, handler) => {
          this.handler = handler;
          return () => undefined;
        },
      },
      membership: {
        self: this.asMember,
        members: () => world.members.map(({ asMember }) => asMember),
        onChange: (changed) => {
          this.#changed = changed;
          return () => undefined;
        },
      },
    });
    this.keeping.connect({
      restore: (copied) => this.#restore(copied),
      ended: (end) => {
        this.ended.push(end);
        const dialog = this.dialogs.get(end.callId);
        if (dialog === undefined) return;
        this.hangUp(end.callId);
      },
    });
  }

  #restore(copied: CopiedCall): 'taken' | 'known' | 'refused' {
    if (this.dialogs.has(copied.callId)) return 'known';
    if (placesOf(copied).some((place) => this.world.bound.has(place))) return 'refused';
    const call = this.media.proxy.restore(copied.copy, { silent: () => undefined });
    if (call.kind === 'refused') return 'refused';
    this.taken.push(copied.callId);
    this.keeping.changed(this.#has(call, copied.callId));
    return 'taken';
  }

  #has(call: MediaCall, callId: string): MediaDialog {
    const dialog = { call, callId, aTag: 'a', bTags: ['b'], chosen: 'b' };
    this.dialogs.set(callId, dialog);
    for (const place of this.#placesOf(dialog)) this.world.bound.add(place);
    this.keeping.changed(dialog);
    return dialog;
  }

  #close(dialog: MediaDialog): void {
    for (const place of this.#placesOf(dialog)) this.world.bound.delete(place);
    this.dialogs.delete(dialog.callId);
  }

  #placesOf(dialog: MediaDialog): readonly string[] {
    const known = this.world.places.get(dialog.call);
    if (known !== undefined) return known;
    const places = placesOf({ callId: '', aTag: '', bTag: '', copy: dialog.call.copy()! });
    this.world.places.set(dialog.call, places);
    return places;
  }
}

export class KeepingWorld {
  readonly clock = new VirtualClock();
  readonly members: KeepingMember[] = [];
  /** `address:port` of all that is open. */
  readonly bound = new Set<string>();
  readonly places = new Map<MediaCall, readonly string[]>();
  readonly #addresses = new Map<string, Set<string>>();
  messages = 0;
  /** Nobody has heard yet that an address has moved, but the machine that has it. */
  areRecordsLate = false;

  addressesOf(machine: string): Set<string> {
    const known = this.#addresses.get(machine);
    if (known !== undefined) return known;
    const made = new Set<string>();
    this.#addresses.set(machine, made);
    return made;
  }

  join(name: string, machine: string, address: string): KeepingMember {
    const member = new KeepingMember(this, name, machine, address);
    this.members.push(member);
    this.changed();
    return member;
  }

  changed(): void {
    for (const member of this.members) member.see();
  }

  send(from: KeepingMember, to: MemberId, body: unknown): void {
    this.messages++;
    const text = JSON.stringify(body);
    const boot: MemberBoot = { member: `${from.name}/0` as MemberId, boot: String(from.boot) };
    this.clock.after(1, () => {
      const member = this.members.find(({ name }) => name === memberName(to));
      if (member?.isUp === true) void member.handler?.(JSON.parse(text), boot);
    });
  }
}
