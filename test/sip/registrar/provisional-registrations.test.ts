import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded, Unavailable, type Backplane } from '#backplane';
import { silentLogger } from '#base';
import type { Bus, BusHandler, MemberId } from '#cluster';
import { defaultRegistrarSettings } from '#sip';
import { ManualClock } from '../../backplane/manual-clock.ts';
import { LocationService } from '../../../src/sip/registrar/location-service.ts';
import { PatientRegistrations } from '../../../src/sip/registrar/patient-registrations.ts';
import { PROVISIONAL_S, ProvisionalRegistrations } from '../../../src/sip/registrar/provisional-registrations.ts';
import type { RegisterRequest } from '../../../src/sip/registrar/register-request.ts';
import { Registrations, type RegisterResult } from '../../../src/sip/registrar/registrations.ts';

const aor = 'alice@example.org';
const noOwner: RegisterResult = { kind: 'unavailable', reason: 'nobody', isPassing: true };
let cseq = 0;

const requestOf = (host: string, changes: Partial<RegisterRequest> = {}, expiresS = 3_600): RegisterRequest => ({
  callId: `call-${host}`,
  cseq: ++cseq,
  contacts: [{ uri: `sip:alice@${host}`, params: '', q: 1000, expiresS, instance: '', regId: 0 }],
  path: [],
  flow: undefined,
  isBehindNat: false,
  userAgent: '',
  wantsOutbound: false,
  ...changes,
});

/** Members on one store; who owns all accounts is said by the test, and nobody does while the engine is away. */
class World {
  readonly clock = new ManualClock();
  readonly members: Member[] = [];
  backplane!: Backplane;
  owner: Member | undefined;
  isEngineAway = false;

  async join(): Promise<Member> {
    const member = new Member(this, `m${this.members.length}`);
    this.members.push(member);
    await member.open();
    return member;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }
}

class Member {
  readonly world: World;
  readonly name: string;
  readonly services = new Map<string, BusHandler>();
  hearsMost = true;
  location!: LocationService;
  provisional!: ProvisionalRegistrations;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get isOwner(): boolean {
    return this.world.owner === this && !this.world.isEngineAway;
  }

  async open(): Promise<void> {
    const { clock, backplane } = this.world;
    this.location = await LocationService.open({
      backplane,
      clock,
      writer: `the-writer-of-${this.name}`,
      owns: () => this.isOwner,
    });
    const registrations = new Registrations(this.location, defaultRegistrarSettings);
    const owner = new PatientRegistrations(
      {
        register: (name, request, most, done) => {
          if (this.isOwner) registrations.register(name, request, most, done);
          else done(noOwner);
        },
        end: () => Promise.resolve(0),
      },
      clock,
    );
    this.provisional = new ProvisionalRegistrations({
      owner,
      location: this.location,
      ownership: { isHere: () => this.isOwner },
      bus: this.#bus(),
      clock,
      logger: silentLogger,
      settings: defaultRegistrarSettings,
      hearsMost: () => this.hearsMost,
    });
  }

  /** The answer, and what it grants. */
  async register(request: RegisterRequest): Promise<string> {
    const results: RegisterResult[] = [];
    this.provisional.register(aor, request, 10, (one) => results.push(one));
    await this.world.pass(20_000);
    const [result] = results;
    if (result?.kind !== 'bindings') return result?.kind ?? 'nothing';
    const made = result.bindings.find(({ callId }) => callId === request.callId);
    return `granted ${made?.grantedS ?? 0}`;
  }

  get uris(): string[] {
    return this.location.lookup(aor).map(({ uri }) => uri);
  }

  close(): void {
    this.provisional.stop();
    this.location.close();
  }

  #bus(): Pick<Bus, 'send' | 'serve' | 'links'> {
    const { world, name } = this;
    return {
      serve: (service, handler) => {
        this.services.set(service, handler);
        return () => this.services.delete(service);
      },
      links: () =>
        world.members
          .filter((one) => one.name !== name)
          .map((one) => ({
            to: { member: `${one.name}/0` as MemberId, boot: one.name },
            ...{ state: 'up', cause: '', roundTripMs: 0, heardByMs: 0 },
          })),
      send: (to, service, body) => {
        const boot = typeof to === 'string' ? '' : to.boot;
        const other = world.members.find((one) => one.name === boot);
        const from = { member: `${name}/0` as MemberId, boot: name };
        void other?.services.get(service)?.(JSON.parse(JSON.stringify(body)), from);
      },
    };
  }
}

let world: World;
let [one, two, three]: Member[] = [];

beforeEach(async () => {
  world = new World();
  const store = await openEmbedded({ path: ':memory:', clock: world.clock });
  world.backplane = new Proxy(store, {
    get: (target, name) => {
      const isWrite = name === 'txn' || name === 'put';
      if (isWrite && world.isEngineAway) return () => Promise.reject(new Unavailable('the engine is away'));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  one = await world.join();
  two = await world.join();
  three = await world.join();
  world.owner = one;
});

afterEach(async () => {
  for (const member of world.members) member.close();
  await world.backplane.close();
});

describe('while the engine is away', () => {
  test('what the store keeps long enough is refreshed from memory, by any member, for some minutes', async () => {
    const registered = one!.register(requestOf('10.0.0.1'));
    expect(await registered).toBe('granted 3600');
    world.isEngineAway = true;
    expect(await two!.register(requestOf('10.0.0.1'))).toBe(`granted ${PROVISIONAL_S}`);
    // Even by one that is cut off: the others know the binding as long.
    three!.hearsMost = false;
    expect(await three!.register(requestOf('10.0.0.1'))).toBe(`granted ${PROVISIONAL_S}`);
    await world.pass(3_500_000);
    for (const member of world.members) expect(member.uris).toEqual(['sip:alice@10.0.0.1']);
  });

  test('what is new is shown by all members, and written when the engine is back', async () => {
    expect(await one!.register(requestOf('10.0.0.1'))).toBe('granted 3600');
    world.isEngineAway = true;
    expect(await two!.register(requestOf('10.0.0.2'))).toBe(`granted ${PROVISIONAL_S}`);
    const both = ['sip:alice@10.0.0.1', 'sip:alice@10.0.0.2'];
    for (const member of world.members) expect(member.uris).toEqual(both);
    world.isEngineAway = false;
    await world.pass(3_000);
    const late = await world.join();
    expect(late.uris).toEqual(both);
    // The store has the last word from now on.
    await one!.location.save(aor, []);
    await world.pass(3_000);
    for (const member of world.members) expect(member.uris).toEqual([]);
  });

  test('what is new outlasts that the store shows its own, which does not have it', async () => {
    expect(await one!.register(requestOf('10.0.0.1'))).toBe('granted 3600');
    world.isEngineAway = true;
    expect(await two!.register(requestOf('10.0.0.2'))).toBe(`granted ${PROVISIONAL_S}`);
    const stored = three!.location.lookup(aor).filter(({ uri }) => uri.endsWith('1'));
    three!.location.show(aor, stored);
    await world.pass(10);
    expect(three!.uris).toHaveLength(2);
    // And ends by its time, if nobody refreshes it.
    await world.pass(2 * PROVISIONAL_S * 1_000 + 1_000);
    expect(three!.uris).toEqual(['sip:alice@10.0.0.1']);
  });

  test('a member that is cut off grants nothing new, and nobody ends registrations', async () => {
    expect(await one!.register(requestOf('10.0.0.1'))).toBe('granted 3600');
    world.isEngineAway = true;
    two!.hearsMost = false;
    expect(await two!.register(requestOf('10.0.0.2'))).toBe('unavailable');
    expect(await one!.register(requestOf('10.0.0.1', {}, 0))).toBe('unavailable');
    expect(await one!.register(requestOf('10.0.0.1', { contacts: '*' }))).toBe('unavailable');
    for (const member of world.members) expect(member.uris).toEqual(['sip:alice@10.0.0.1']);
  });

  test('a binding that could not be stored any more is granted, too', async () => {
    const registered = one!.register(requestOf('10.0.0.1'));
    world.isEngineAway = true;
    expect(await registered).toMatch(/^granted/);
  });

  test('the rules are those of always', async () => {
    world.isEngineAway = true;
    expect(await one!.register(requestOf('10.0.0.1', {}, 5))).toBe('tooBrief');
    const contacts = Array.from({ length: 11 }, (_, at) => requestOf(`10.0.1.${at}`).contacts[0]!);
    expect(await one!.register(requestOf('10.0.0.1', { contacts: contacts as never }))).toBe('tooMany');
  });

  test('the first waits for the engine, and the others not until it is back', async () => {
    world.isEngineAway = true;
    await one!.register(requestOf('10.0.0.1'));
    const results: RegisterResult[] = [];
    one!.provisional.register(aor, requestOf('10.0.0.2'), 10, (result) => results.push(result));
    expect(results).toHaveLength(1);
  });
});
