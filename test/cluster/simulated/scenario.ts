import { SeededRandom } from '#io/sim';
import { Invariants } from './invariants.ts';
import { SimulatedCluster, type Machine, type MachineSettings } from './simulated-cluster.ts';

/** Sessions of S2 take no licence. */
const hubs = ['S1', 'S2', 'D1', 'D2', 'D3'];
const licences = 20;
const troubleMs = 60_000;
const healingMs = 25_000;
const endingMs = 45_000;

export interface Outcome {
  readonly breaches: readonly string[];
  /** What happened, for a failing seed. */
  readonly log: readonly string[];
  readonly logins: number;
  readonly sessions: number;
  /** The most at one time. */
  readonly licencesUsed: number;
  readonly faults: number;
}

/** One history of a cluster, all of it from the seed: machines, faults, clients. */
export async function runScenario(seed: number): Promise<Outcome> {
  const scenario = new Scenario(seed);
  try {
    return await scenario.run();
  } finally {
    scenario.close();
  }
}

class Scenario {
  readonly #random: SeededRandom;
  readonly #invariants: Invariants;
  readonly #cluster: SimulatedCluster;
  readonly #log: string[] = [];
  #isTroubled = true;
  #logins = 0;
  #sessions = 0;
  #faults = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed ^ 0x5eed);
    const count = 3 + this.#random.below(4);
    const eligible = 1 + this.#random.below(3);
    const machines = Array.from({ length: count }, (_, at): MachineSettings => ({
      name: `m${at}`,
      weight: [50, 100, 200][this.#random.below(3)]!,
      isEligible: at < eligible,
    }));
    this.#invariants = new Invariants(() => this.#cluster, hubs, licences);
    this.#cluster = new SimulatedCluster(seed, machines, this.#invariants, {
      licences: { client: licences, bridge: Infinity },
    });
    this.#cluster.engine.onCommit((revision, changes) => this.#invariants.committed(revision, changes));
  }

  async run(): Promise<Outcome> {
    const { machines } = this.#cluster;
    for (const machine of machines) this.#cluster.boot(machine);
    await this.#pass(3_000);
    this.#later(0, () => this.#nextFault());
    this.#later(0, () => this.#nextClient());
    this.#later(0, () => this.#nextWrite());
    await this.#pass(troubleMs);
    this.#isTroubled = false;
    this.#heal();
    await this.#pass(healingMs);
    await this.#expectHealth();
    await this.#pass(endingMs);
    this.#expectNothingLeft();
    this.#invariants.lookAtConfiguration();
    return {
      breaches: this.#invariants.breaches,
      log: this.#log,
      logins: this.#logins,
      sessions: this.#sessions,
      licencesUsed: this.#invariants.licencesUsed,
      faults: this.#faults,
    };
  }

  close(): void {
    this.#cluster.close();
  }

  #pass(ms: number): Promise<void> {
    return this.#cluster.run(ms, () => this.#invariants.look());
  }

  #later(ms: number, run: () => void): void {
    this.#cluster.clock.after(ms, run);
  }

  #any<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }

  #say(what: string): void {
    this.#log.push(`${(this.#cluster.clock.nowMs() / 1_000).toFixed(1)} s ${what}`);
  }

  // -- faults

  #nextFault(): void {
    if (!this.#isTroubled) return;
    this.#faults++;
    this.#fault();
    this.#later(500 + this.#random.below(9_000), () => this.#nextFault());
  }

  #fault(): void {
    const { machines } = this.#cluster;
    const machine = this.#any(machines);
    const lastsMs = 500 + this.#random.below(14_000);
    const kinds = [
      'kill',
      'stop',
      'engine line',
      'line',
      'alone',
      'engine',
      'leader',
      'clock',
      'drain',
      'leave',
    ] as const;
    switch (this.#any(kinds)) {
      case 'kill':
        this.#say(`${machine.name} is killed for ${lastsMs} ms`);
        this.#down(machine, lastsMs, () => this.#cluster.kill(machine));
        return;
      case 'leave':
        this.#say(`${machine.name} leaves for ${lastsMs} ms`);
        this.#down(machine, lastsMs, () => {
          void machine.member?.leave().then(() => this.#cluster.kill(machine));
        });
        return;
      case 'stop':
        this.#say(`${machine.name} hangs for ${lastsMs} ms`);
        this.#cluster.stop(machine);
        this.#later(lastsMs, () => this.#cluster.resume(machine));
        return;
      case 'engine line':
        this.#say(`${machine.name} is cut from the engine for ${lastsMs} ms`);
        this.#cutEngine(machine, lastsMs);
        return;
      case 'line': {
        const other = this.#any(machines);
        this.#say(`${machine.name} and ${other.name} are cut for ${lastsMs} ms`);
        this.#cut(machine, other, lastsMs);
        return;
      }
      case 'alone':
        this.#say(`${machine.name} is alone for ${lastsMs} ms`);
        this.#cutEngine(machine, lastsMs);
        for (const other of machines) this.#cut(machine, other, lastsMs);
        return;
      case 'engine':
        if (!this.#cluster.engine.isUp) return;
        this.#say(`the engine is down for ${lastsMs} ms`);
        this.#cluster.engine.goDown();
        this.#later(lastsMs, () => this.#cluster.engine.comeBack());
        return;
      case 'leader':
        this.#say("the engine's leader changes");
        this.#cluster.engine.changeLeader();
        return;
      case 'clock':
        this.#say(`the clock of ${machine.name} jumps`);
        machine.member?.process.jumpWall(this.#random.below(7_200_000) - 3_600_000);
        return;
      case 'drain':
        this.#say(`${machine.name} drains for ${lastsMs} ms`);
        machine.member?.drain(true);
        this.#later(lastsMs, () => machine.member?.drain(false));
    }
  }

  #down(machine: Machine, lastsMs: number, end: () => void): void {
    const { member } = machine;
    end();
    this.#later(lastsMs, () => {
      if (machine.member !== member) return;
      this.#cluster.kill(machine);
      this.#cluster.boot(machine);
    });
  }

  #cutEngine(machine: Machine, lastsMs: number): void {
    this.#cluster.cutFromEngine(machine, true);
    this.#later(lastsMs, () => this.#cluster.cutFromEngine(machine, false));
  }

  #cut(a: Machine, b: Machine, lastsMs: number): void {
    if (a === b) return;
    this.#cluster.cutLine(a, b, true);
    this.#later(lastsMs, () => this.#cluster.cutLine(a, b, false));
  }

  #heal(): void {
    const { machines, engine } = this.#cluster;
    this.#say('everything is healed');
    if (!engine.isUp) engine.comeBack();
    for (const machine of machines) {
      this.#cluster.resume(machine);
      this.#cluster.cutFromEngine(machine, false);
      for (const other of machines) this.#cluster.cutLine(machine, other, false);
      if (machine.member?.isReady === true) machine.member.drain(false);
      else {
        this.#cluster.kill(machine);
        this.#cluster.boot(machine);
      }
    }
  }

  // -- clients

  #nextClient(): void {
    if (!this.#isTroubled) return;
    const burst = this.#random.below(10) === 0 ? 10 : 1;
    const hub = this.#any(hubs);
    for (let client = 0; client < burst; client++) void this.#client(hub, 3_000 + this.#random.below(20_000));
    this.#later(50 + this.#random.below(500), () => this.#nextClient());
  }

  /** True: it had a session. */
  async #client(hub: string, staysMs: number): Promise<boolean> {
    const doors = this.#cluster.machines.filter(({ isEligible, member }) => isEligible && member?.isReady === true);
    if (doors.length === 0) return false;
    this.#logins++;
    const isCounted = hub !== 'S2';
    const offer = await this.#any(doors).member!.login(hub, isCounted);
    if (offer === undefined) return false;
    await new Promise<void>((resolve) => this.#later(1 + this.#random.below(300), resolve));
    const host = this.#cluster.machineAt(offer.address).member;
    if (host?.isReady !== true) return false;
    // Two clients with the same ticket at once: one is let in.
    const entering = [host.enter(offer.ticket, hub, isCounted), host.enter(offer.ticket, hub, isCounted)];
    const sessions = (await Promise.all(entering)).filter((session) => session !== undefined);
    for (const session of sessions) {
      this.#invariants.used(offer.ticket, isCounted);
      this.#later(staysMs, () => session.end());
    }
    this.#sessions += sessions.length;
    return sessions.length > 0;
  }

  #nextWrite(): void {
    if (!this.#isTroubled) return;
    const key = `cfg/hub/H${this.#random.below(3)}`;
    // Each member that thinks it leads tries, zombies too.
    for (const member of this.#cluster.running()) void member.writeConfig(key);
    this.#later(500 + this.#random.below(2_000), () => this.#nextWrite());
  }

  // -- afterwards

  async #expectHealth(): Promise<void> {
    const { machines } = this.#cluster;
    for (const { member, name } of machines) {
      const seen = member?.registry?.members().filter(({ state }) => state === 'online').length ?? 0;
      if (seen !== machines.length) this.#invariants.fail(`${name} sees ${seen} of ${machines.length} members online`);
    }
    if (!machines.some(({ member }) => member?.isController === true)) this.#invariants.fail('nobody leads');
    const entering = hubs.map((hub) => ({ hub, isIn: this.#client(hub, 1_000) }));
    await this.#pass(8_000);
    for (const { hub, isIn } of entering) {
      const answer = await Promise.race([isIn, Promise.resolve(undefined)]);
      // A message may be lost once in a hundred: then the client tries again.
      if (answer !== true && !(await this.#triesAgain(hub))) this.#invariants.fail(`nobody can log in to ${hub}`);
    }
  }

  async #triesAgain(hub: string): Promise<boolean> {
    const isIn = this.#client(hub, 1_000);
    await this.#pass(8_000);
    return (await Promise.race([isIn, Promise.resolve(undefined)])) === true;
  }

  #expectNothingLeft(): void {
    const reply = this.#cluster.engine.ask({ kind: 'list', prefix: 'hubinst/' });
    const left = reply.kind === 'entries' ? reply.entries.map(({ key }) => key) : [];
    if (left.length > 0) this.#invariants.fail(`hubs that nobody uses are still placed: ${left.join(', ')}`);
  }
}
