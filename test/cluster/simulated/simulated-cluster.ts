import type { MemberBoot } from '#cluster';
import { SeededRandom, VirtualClock } from '#io/sim';
import type { LicenceLimits } from '#softether';
import { ModelBackplane } from './model-backplane.ts';
import { ModelEngine } from './model-engine.ts';
import { SimulatedMesh } from './simulated-mesh.ts';
import { SimulatedMember, type MemberObserver } from './simulated-member.ts';
import { SimulatedProcess } from './simulated-process.ts';

const callTimeoutMs = 1_500;

export interface MachineSettings {
  readonly name: string;
  readonly weight: number;
  readonly isEligible: boolean;
}

export interface ClusterOptions {
  /** Of a thousand messages so many vanish… */
  readonly lostPerMille?: number;
  /** …and so many of those that want no answer come twice. */
  readonly doubledPerMille?: number;
  readonly licences?: LicenceLimits;
}

const withoutLimits: LicenceLimits = { client: Infinity, bridge: Infinity };

/** A machine of the cluster, and the boot of the member that runs on it now. */
export interface Machine extends MachineSettings {
  readonly address: string;
  member: SimulatedMember | undefined;
  /** Since when the engine cannot hear it: killed, stopped or cut off. */
  mutedAtMs: number | undefined;
  isCutFromEngine: boolean;
  /** Machines that it cannot talk to. */
  readonly cutFrom: Set<string>;
  /** When something happened to it last: it began or ended to run, to hear, to be heard. */
  disturbedAtMs: number;
}

/** A cluster in memory: an engine, a mesh, machines that can fail in every way that is known of. */
export class SimulatedCluster {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly engine: ModelEngine;
  readonly mesh: SimulatedMesh;
  readonly machines: readonly Machine[];
  readonly #observer: MemberObserver;
  readonly #licences: LicenceLimits;
  #boots = 0;

  constructor(
    seed: number,
    machines: readonly MachineSettings[],
    observer: MemberObserver,
    { lostPerMille = 10, doubledPerMille = 10, licences = withoutLimits }: ClusterOptions = {},
  ) {
    this.random = new SeededRandom(seed);
    this.engine = new ModelEngine(this.clock);
    this.mesh = new SimulatedMesh(this.clock, this.random, { lostPerMille, doubledPerMille });
    this.machines = machines.map((settings, at) => ({
      ...settings,
      address: `192.0.2.${at + 1}`,
      member: undefined,
      mutedAtMs: undefined,
      isCutFromEngine: false,
      cutFrom: new Set(),
      disturbedAtMs: 0,
    }));
    this.#observer = observer;
    this.#licences = licences;
  }

  /** Where clients are sent to. */
  machineAt(address: string): Machine {
    return this.machines.find((machine) => machine.address === address)!;
  }

  machineOf({ member }: Pick<MemberBoot, 'member'>): Machine {
    return this.machines.find(({ name }) => `${name}/0` === member)!;
  }

  /** Members that run, each at this moment. */
  running(): SimulatedMember[] {
    return this.machines.flatMap(({ member }) => (member?.isReady === true ? [member] : []));
  }

  boot(machine: Machine): void {
    const { name, address, weight, isEligible } = machine;
    const boot = `${name}-${++this.#boots}`;
    const process = new SimulatedProcess(this.clock);
    const backplane = new ModelBackplane({
      engine: this.engine,
      clock: process,
      name: boot,
      callTimeoutMs,
      latencyMs: () => 0.5 + this.random.below(30) / 10,
    });
    if (machine.isCutFromEngine) backplane.cut();
    const bus = this.mesh.connect(process, { member: `${name}/0`, boot });
    const settings = { name, boot, address, weight, isEligible, licences: this.#licences };
    const member = new SimulatedMember(settings, process, backplane, bus, this.random, this.#observer);
    machine.member = member;
    this.#mark(machine);
    void member.start();
  }

  kill(machine: Machine): void {
    machine.member?.kill();
    machine.member?.backplane.cut();
    this.#mark(machine);
  }

  stop(machine: Machine): void {
    machine.member?.process.stop();
    this.#mark(machine);
  }

  resume(machine: Machine): void {
    machine.member?.process.resume();
    this.#mark(machine);
  }

  cutFromEngine(machine: Machine, isCut: boolean): void {
    machine.isCutFromEngine = isCut;
    if (isCut) machine.member?.backplane.cut();
    else if (machine.member?.process.isKilled === false) machine.member.backplane.mend();
    this.#mark(machine);
  }

  cutLine(a: Machine, b: Machine, isCut: boolean): void {
    if (a === b) return;
    if (isCut) this.mesh.cut(`${a.name}/0`, `${b.name}/0`);
    else this.mesh.mend(`${a.name}/0`, `${b.name}/0`);
    for (const [machine, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (isCut) machine.cutFrom.add(other.name);
      else machine.cutFrom.delete(other.name);
      machine.disturbedAtMs = this.clock.nowMs();
    }
  }

  /** Lets time pass in steps, with a look at everything after each. */
  async run(durationMs: number, look: () => void, stepMs = 100): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      await this.clock.run(stepMs);
      look();
    }
  }

  close(): void {
    for (const machine of this.machines) this.kill(machine);
    this.engine.close();
  }

  #mark(machine: Machine): void {
    const isHeard = machine.member?.process.isRunning === true && !machine.isCutFromEngine;
    machine.disturbedAtMs = this.clock.nowMs();
    machine.mutedAtMs = isHeard ? undefined : (machine.mutedAtMs ?? this.clock.nowMs());
  }
}
