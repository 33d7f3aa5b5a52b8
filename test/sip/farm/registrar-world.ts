import { openEmbedded, type Backplane } from '#backplane';
import { Lifecycle, silentLogger } from '#base';
import type { Datagram } from '#io';
import { SeededRandom } from '#io/sim';
import { defaultRegistrarSettings, defaultSipGuardLimits, openSipAccounts, type SipAccounts } from '#sip';
import { LocalUsers } from '../../../src/sip/core/local-users.ts';
import { AccountWork } from '../../../src/sip/registrar/account-work.ts';
import type { PlainRegistrar } from '../../../src/sip/registrar/plain-registrar.ts';
import type { SipServices } from '../../../src/sip/server.ts';
import { partitions } from '../../../src/sip/registrar/partitions.ts';
import { accountRecord, domain } from '../accounts/account-fixture.ts';
import { LoopBus } from '../registrar/loop-bus.ts';
import { VIP, type Member } from './farm-member.ts';
import { FarmWorld } from './farm-world.ts';

const names = ['m1', 'm2', 'm3'] as const;
/** The store is in a thread of its own. */
const turnsOfStore = 30;
const mostRounds = 20_000;

/** A farm of three members that share accounts: each changes the bindings of its part of them, as in a cluster. */
export class RegistrarWorld {
  readonly farm: FarmWorld;
  readonly accounts = new Map<string, SipAccounts>();
  /** Requests that were answered from their bytes; those of them that another member had accepted. */
  readonly short = { taken: 0, relayed: 0 };
  readonly #lifecycle = new Lifecycle();
  readonly #phones = new Map<string, Datagram>();
  #heard: string[] = [];
  #backplane: Backplane | undefined;

  /** `isShort`: plain requests are answered from their bytes. */
  constructor(isShort: boolean) {
    this.farm = new FarmWorld({
      hasNoShortWays: !isShort,
      accounts: { placeOf: (request) => this.#work().placeOf(request), ownerOf: (aor) => this.#work().ownerOf(aor) },
      services: (name) => {
        const { directory, authenticator, location, registrar, plainRegistrar, gruus, secret } =
          this.accounts.get(name)!;
        const parts = { directory, authenticator, location, registrar, gruus, secret };
        return isShort ? { ...parts, plainRegistrar: this.#counted(plainRegistrar) } : parts;
      },
    });
  }

  async open(users: readonly string[]): Promise<this> {
    const { clock } = this.farm;
    this.#backplane = await this.#passing(openEmbedded({ path: ':memory:', clock }));
    const wire = new LoopBus();
    for (const [at, name] of names.entries()) {
      const opening = openSipAccounts(
        {
          backplane: this.#backplane,
          clock,
          random: new SeededRandom(at + 1),
          logger: silentLogger,
          member: name,
          cluster: { bus: wire.bus({ member: `${name}/0`, boot: `boot-of-${name}` }), isBackend: true },
          settings: {
            nonceLifetimeS: 300,
            digestAlgorithms: ['MD5'],
            guard: defaultSipGuardLimits,
            registrar: defaultRegistrarSettings,
          },
        },
        this.#lifecycle,
      );
      this.accounts.set(name, await this.#passing(opening));
    }
    const first = this.accounts.get('m1')!;
    await this.#passing(first.directory.createDomain(domain));
    for (const user of users) await this.#passing(first.directory.createAccount(domain, accountRecord(user)));
    await this.#shared(users);
    for (const name of names) if ((await this.farm.join()).name !== name) throw new Error(`${name} has another name`);
    for (const member of this.farm.members) member.see();
    return this;
  }

  /** A datagram from a telephone to one member. What comes back. */
  async say(bytes: Buffer, address: string, port: number, to: Member): Promise<readonly string[]> {
    this.#heard = [];
    const phone = await this.#phone(address, port);
    this.farm.aim = to;
    phone.send(bytes, VIP, 5060);
    for (let round = 0; round < 4; round++) {
      await this.farm.pass(20);
      await this.settle();
    }
    return this.#heard;
  }

  /** What the store does, it has done. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turnsOfStore; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    await this.farm.stop();
    await this.#passing(this.#lifecycle.stop());
    await this.#passing(this.#backplane?.close() ?? Promise.resolve());
  }

  /** What waits for time gets it. */
  async #passing<T>(work: Promise<T>): Promise<T> {
    const progress = { isOver: false };
    const over = (): void => {
      progress.isOver = true;
    };
    work.then(over, over);
    for (let round = 0; !progress.isOver && round < mostRounds; round++) {
      this.farm.clock.advance(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return work;
  }

  /** Until every account has its owner, whom all know. */
  async #shared(users: readonly string[]): Promise<void> {
    const owners = (): string[] =>
      users.flatMap((user) =>
        [...this.accounts].map(([name, { registrations }]) => {
          const owner = registrations.ownerOf?.(`${user}@${domain}`);
          return owner === 'here' ? `${name}/0` : (owner?.member ?? '');
        }),
      );
    for (let round = 0; round < partitions; round++) {
      await this.farm.pass(100);
      await this.settle();
      const found = owners();
      const isAgreed = users.every(
        (_, at) => new Set(found.slice(at * names.length, (at + 1) * names.length)).size === 1,
      );
      if (isAgreed && !found.includes('') && new Set(found).size > 1) return;
    }
    throw new Error('the accounts were not shared');
  }

  #counted(registrar: PlainRegistrar): NonNullable<SipServices['plainRegistrar']> {
    const { short } = this;
    return {
      read: (bytes) => registrar.read(bytes),
      get isFirst() {
        return registrar.isFirst;
      },
      get aor() {
        return registrar.aor;
      },
      answer: (hop, answers) => {
        const isTaken = registrar.answer(hop, answers);
        if (isTaken) short.taken++;
        if (isTaken && hop.holder !== undefined) short.relayed++;
        return isTaken;
      },
    };
  }

  #work(): AccountWork {
    const { directory, registrations } = this.accounts.get('m1')!;
    return new AccountWork({
      users: new LocalUsers(directory),
      ownerOf: (aor) => registrations.ownerOf?.(aor),
      member: 'm1',
    });
  }

  async #phone(address: string, port: number): Promise<Datagram> {
    const key = `${address}:${port}`;
    const known = this.#phones.get(key);
    if (known !== undefined) return known;
    const socket = await this.farm.network.machine(address).bind({ host: address, port });
    socket.receive({
      received: (bytes, from) => void this.#heard.push(`${from} to ${key}\n${bytes.toString('latin1')}`),
    });
    this.#phones.set(key, socket);
    return socket;
  }
}
