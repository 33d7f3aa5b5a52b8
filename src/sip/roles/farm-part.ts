import type { Backplane, Guard } from '#backplane';
import type { Logger } from '#base';
import { memberName, parseMemberId } from '#cluster';
import type { Clock, Timer } from '#io';
import type { SipTransport } from '../transport/sip-transport.ts';
import { ClusterFarm } from './cluster-farm.ts';
import { farmRecordKey, serialiseFarmRecord, type FarmRecord } from './farm-record.ts';
import { FarmSettingsStore, type Nullable } from './farm-settings-store.ts';
import { memberStatus, type FarmStatus } from './farm-status.ts';
import { OtherMembers, type FarmCompany } from './other-members.ts';
import { ownRecord } from './own-record.ts';
import { RecordWriter } from './record-writer.ts';
import { resolveFarm, type FarmWarning, type MemberKind, type Resolved } from './resolve-farm.ts';
import { effectiveSettings, type Effective, type FaceOverrides, type FarmOverrides } from './settings.ts';

/** Also what nobody tells of is seen then: a server that was removed, a port that could not be opened. */
const lookEveryMs = 5_000;

export interface FarmPartOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kind: MemberKind;
  /** Its name in the cluster; settings are for a server with all its members. */
  readonly server: string;
  readonly token: string;
  /** What the configuration file says. */
  readonly file: FarmOverrides;
  readonly leadership?: (() => Guard | undefined) | undefined;
  readonly transport: Pick<
    SipTransport,
    'show' | 'boundFaces' | 'sourceFor' | 'listening' | 'listeners' | 'onSockets' | 'refresh' | 'ownAddresses'
  >;
  readonly company?: FarmCompany | undefined;
}

/** The part of a member in the farm: what is set, what that means, what it tells the others, and who they are. */
export class FarmPart {
  readonly #options: FarmPartOptions;
  readonly #settings: FarmSettingsStore;
  readonly #others: OtherMembers | undefined;
  readonly #writer: RecordWriter | undefined;
  #farm: ClusterFarm | undefined;
  #effective!: Effective;
  #resolved!: Resolved;
  #record!: FarmRecord;
  /** Seen while it runs, by code. */
  readonly #seen = new Map<string, FarmWarning>();
  #shownFace = '';
  #timer: Timer | undefined;
  #told = '';
  #stopping = '';
  #isOpen = false;

  private constructor(options: FarmPartOptions) {
    const { leadership, company, backplane, server, logger, clock } = options;
    const changed = (): void => this.#changed();
    this.#options = options;
    this.#settings = new FarmSettingsStore({ backplane, leadership, changed });
    this.#others = company && new OtherMembers({ backplane, logger, server, company, changed });
    this.#writer =
      company && new RecordWriter({ backplane, clock, logger, key: farmRecordKey(company.membership.self.id) });
  }

  /** Resolves when it knows what is set, and who is there. Its transport shows the faces that are set. */
  static async open(options: FarmPartOptions): Promise<FarmPart> {
    const part = new FarmPart(options);
    await part.#settings.opened();
    await part.#others?.opened;
    part.#isOpen = true;
    part.#work();
    await part.#showFace();
    part.#farm = part.#makeFarm();
    return part;
  }

  /** Sockets are open: from now on it tells the others. */
  start(): void {
    const { transport, clock } = this.#options;
    transport.onSockets(() => this.#changed());
    this.#timer = clock.every(lookEveryMs, () => this.#changed());
    this.#others?.tidy();
    this.#changed();
  }

  /** Who is there; undefined: this member is alone. */
  get farm(): ClusterFarm | undefined {
    return this.#farm;
  }

  get effective(): Effective {
    return this.#effective;
  }

  get resolved(): Resolved {
    return this.#resolved;
  }

  /** Why new calls should go elsewhere, for a balancer's question; undefined: they may come. */
  notReady(): string | undefined {
    if (this.#options.company?.membership.self.isDraining === true) return 'draining';
    return this.#record.isReady ? undefined : this.#record.problem;
  }

  /** Something that was seen while it ran. */
  warn(warning: FarmWarning): void {
    this.#seen.set(warning.code, warning);
    this.#changed();
  }

  status(): FarmStatus {
    const { settings, sources } = this.#effective;
    const { kind, company } = this.#options;
    const others = this.#others?.list() ?? [];
    return { settings, sources, members: memberStatus({ kind, company, own: this.#record, others, farm: this.#farm }) };
  }

  /** Looks at once for addresses and ports that have come or gone. */
  async refresh(): Promise<void> {
    await this.#options.transport.refresh();
    this.#changed();
  }

  /** Settings of a server of the cluster, this one if none is named. Resolves with all that is set for it. */
  async setServer(server: string, changes: Nullable<FarmOverrides>): Promise<FarmOverrides> {
    const done = await this.#settings.setServer(server === '' ? this.#options.server : server, changes);
    await this.#showFace();
    return done;
  }

  async setCluster(changes: Nullable<FaceOverrides>): Promise<FaceOverrides> {
    const done = await this.#settings.setCluster(changes);
    await this.#showFace();
    return done;
  }

  isServer(name: string): boolean {
    if (name === this.#options.server) return true;
    return this.#others?.list().some(([id]) => parseMemberId(id)?.server === name) === true;
  }

  setOf(server: string): FarmOverrides {
    return this.#settings.ofServer(server === '' ? this.#options.server : server);
  }

  setOfCluster(): FaceOverrides {
    return this.#settings.ofCluster();
  }

  /** From now on new calls go to other members. Resolves when the store knows it, or cannot be told. */
  async leave(why: string): Promise<void> {
    this.#stopping = why;
    this.#changed();
    await this.#writer?.settled();
  }

  stop(): void {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#writer?.stop();
    this.#farm?.stop();
    this.#settings.close();
    this.#others?.close();
  }

  #makeFarm(): ClusterFarm | undefined {
    const { company } = this.#options;
    if (company === undefined || this.#others === undefined) return undefined;
    const { membership } = company;
    return new ClusterFarm({ membership, records: this.#others, own: () => this.#record, nameOf: memberName });
  }

  #changed(): void {
    if (!this.#isOpen) return;
    this.#work();
    this.#farm?.look();
    void this.#showFace();
    if (this.#timer === undefined) return;
    this.#writer?.write(serialiseFarmRecord(this.#record));
    this.#tell();
  }

  #work(): void {
    const { server, file, kind } = this.#options;
    this.#effective = effectiveSettings({
      server: this.#settings.ofServer(server),
      file,
      cluster: this.#settings.ofCluster(),
    });
    const { settings } = this.#effective;
    const { farm, signals, callLegs } = settings;
    const others = (this.#others?.list() ?? []).map(([, record]) => record);
    this.#resolved = resolveFarm({ kind, configured: { farm, signals, callLegs }, others });
    this.#record = ownRecord({
      ...this.#options,
      company: this.#options.company,
      settings,
      resolved: this.#resolved,
      seen: this.#seen.values(),
      stopping: this.#stopping,
    });
  }

  /** Sockets on virtual addresses are opened before this resolves. */
  async #showFace(): Promise<void> {
    const { virtualAddresses, balancer, wanAddress, lanNetworks } = this.#effective.settings;
    const memberAddresses = (this.#others?.list() ?? [])
      .map(([, { relayHost }]) => relayHost)
      .filter((host) => host !== '' && host !== '127.0.0.1');
    const face = { virtualAddresses, balancer, wanAddress, lanNetworks, memberAddresses };
    const text = JSON.stringify(face);
    if (text === this.#shownFace) return;
    this.#shownFace = text;
    await this.#options.transport.show(face);
    this.#changed();
  }

  /** The log says each problem once. */
  #tell(): void {
    const { problem, warnings } = this.#record;
    const all = [...(problem === '' || this.#stopping !== '' ? [] : [problem]), ...warnings.map(({ text }) => text)];
    const text = all.join('; ');
    const isNew = text !== this.#told && text !== '';
    if (isNew) this.#options.logger.warn({ farm: this.#resolved.farm }, `SIP Farm: ${text}`);
    this.#told = text;
  }
}
