import type { Backplane, Guard } from '#backplane';
import type { Logger } from '#base';
import { memberName, parseMemberId, RecordCopy, type MemberId, type Membership } from '#cluster';
import type { Clock, Timer } from '#io';
import { addressAndPort } from '../transport/hop.ts';
import type { SipTransport } from '../transport/sip-transport.ts';
import { ClusterFarm } from './cluster-farm.ts';
import {
  farmRecordKey,
  farmRecordPrefix,
  memberOfFarmKey,
  parseFarmRecord,
  serialiseFarmRecord,
  type FarmRecord,
} from './farm-record.ts';
import { FarmSettingsStore, type Nullable } from './farm-settings-store.ts';
import type { FarmMemberStatus, FarmStatus } from './farm-status.ts';
import { readinessOf } from './readiness.ts';
import { resolveFarm, type FarmWarning, type MemberKind, type Resolved } from './resolve-farm.ts';
import { effectiveSettings, type Effective, type FaceOverrides, type FarmOverrides } from './settings.ts';

/** Also what nobody tells of is seen then: a server that was removed, a port that could not be opened. */
const lookEveryMs = 5_000;
const retryMs = 1_000;

/** This member among others; absent for one that is alone. */
export interface FarmCompany {
  readonly membership: Pick<Membership, 'self' | 'members' | 'onChange' | 'find'>;
  /** How many members this server has. */
  readonly count: number;
  /** It belongs to the cluster, whether or not it is up. */
  readonly isKnown: (id: MemberId) => boolean;
  /** Where other members send frames; undefined: the port is not open. */
  readonly relay: () => { readonly host: string; readonly port: number; readonly warning: string } | undefined;
}

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
  readonly transport: Pick<SipTransport, 'show' | 'boundFaces' | 'listening' | 'listeners' | 'onSockets' | 'refresh'>;
  readonly company?: FarmCompany | undefined;
}

/** The part of a member in the farm: what is set, what that means, what it tells the others, and who they are. */
export class FarmPart {
  readonly #options: FarmPartOptions;
  readonly #settings: FarmSettingsStore;
  readonly #records: RecordCopy<FarmRecord> | undefined;
  #farm: ClusterFarm | undefined;
  #effective!: Effective;
  #resolved!: Resolved;
  #record!: FarmRecord;
  /** Seen while it runs, by code. */
  readonly #seen = new Map<string, FarmWarning>();
  #shownFace = '';
  #written = '';
  #isWriting: Promise<void> | undefined;
  #retry: Timer | undefined;
  #timer: Timer | undefined;
  #told = '';
  #stopping = '';
  #isOpen = false;

  private constructor(options: FarmPartOptions) {
    const { backplane, leadership, company } = options;
    this.#options = options;
    this.#settings = new FarmSettingsStore({ backplane, leadership, changed: () => this.#changed() });
    this.#records =
      company &&
      new RecordCopy({
        backplane,
        prefix: farmRecordPrefix,
        parse: (key, value) => (memberOfFarmKey(key) === undefined ? undefined : parseFarmRecord(value)),
        changed: () => this.#changed(),
      });
  }

  /** Resolves when it knows what is set, and who is there. Its transport shows the faces that are set. */
  static async open(options: FarmPartOptions): Promise<FarmPart> {
    const part = new FarmPart(options);
    await part.#settings.opened();
    await part.#records?.opened;
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
    this.#tidy();
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
    return { settings, sources, members: this.#memberStatus() };
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
    return this.#ids().some((id) => parseMemberId(id)?.server === name);
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
    // One may have been under way that did not say so.
    for (let writes = 0; writes < 2; writes++) await this.#isWriting;
  }

  stop(): void {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#retry?.cancel();
    this.#farm?.stop();
    this.#settings.close();
    this.#records?.close();
  }

  #makeFarm(): ClusterFarm | undefined {
    const { company } = this.#options;
    const records = this.#records;
    if (company === undefined || records === undefined) return undefined;
    return new ClusterFarm({
      membership: company.membership,
      records: { get: (id) => records.get(farmRecordKey(id))?.value },
      own: () => this.#record,
      nameOf: memberName,
    });
  }

  #changed(): void {
    if (!this.#isOpen) return;
    this.#work();
    this.#farm?.look();
    void this.#showFace();
    this.#write();
    this.#tell();
  }

  /** Members that are set up, up or not, without this one. */
  #ids(): MemberId[] {
    const { company } = this.#options;
    if (company === undefined || this.#records === undefined) return [];
    const ids: MemberId[] = [];
    for (const [key] of this.#records.entries()) {
      const id = memberOfFarmKey(key);
      if (id !== undefined && id !== company.membership.self.id && this.#belongs(id)) ids.push(id);
    }
    return ids.sort();
  }

  #belongs(id: MemberId): boolean {
    const { company, server } = this.#options;
    const parsed = parseMemberId(id);
    if (company === undefined || parsed === undefined) return false;
    return parsed.server === server ? parsed.index < company.count : company.isKnown(id);
  }

  #work(): void {
    const { server, file, kind, token, transport, company } = this.#options;
    this.#effective = effectiveSettings({
      server: this.#settings.ofServer(server),
      file,
      cluster: this.#settings.ofCluster(),
    });
    const { settings } = this.#effective;
    const { farm, signals, callLegs } = settings;
    const configured = { farm, signals, callLegs };
    const others = this.#ids().flatMap((id) => this.#records?.get(farmRecordKey(id))?.value ?? []);
    this.#resolved = resolveFarm({ kind, configured, others });
    const boundAddresses = transport.boundFaces();
    const relay = company?.relay();
    const { problem, warnings } = readinessOf({
      settings,
      boundAddresses,
      listeners: transport.listeners(),
      isRelayMissing: company !== undefined && relay === undefined,
      stopping: this.#stopping,
    });
    const relayWarning =
      relay === undefined || relay.warning === '' ? [] : [{ code: 'relay-port', text: relay.warning }];
    this.#record = {
      boot: company?.membership.self.boot ?? '',
      token,
      machine: server,
      role: kind === 'backend' ? 'backend' : 'frontend',
      configured,
      resolved: { farm: this.#resolved.farm, signals: this.#resolved.signals, callLegs: this.#resolved.callLegs },
      relayHost: relay?.host ?? '',
      relayPort: relay?.port ?? 0,
      weight: company?.membership.self.weight ?? 100,
      balancer: settings.balancer,
      virtualAddresses: settings.virtualAddresses,
      boundAddresses,
      wanAddress: settings.wanAddress,
      sockets: transport
        .listening()
        .map(({ id, transport: name, local: { address, port } }) => ({ id, transport: name, address, port })),
      isReady: problem === '',
      problem,
      warnings: [...this.#resolved.warnings, ...warnings, ...relayWarning, ...this.#seen.values()],
    };
  }

  /** Sockets on virtual addresses are opened before this resolves. */
  async #showFace(): Promise<void> {
    const { virtualAddresses, balancer, wanAddress, lanNetworks } = this.#effective.settings;
    const memberAddresses = this.#ids()
      .map((id) => this.#records?.get(farmRecordKey(id))?.value.relayHost ?? '')
      .filter((host) => host !== '' && host !== '127.0.0.1');
    const face = { virtualAddresses, balancer, wanAddress, lanNetworks, memberAddresses };
    const text = JSON.stringify(face);
    if (text === this.#shownFace) return;
    this.#shownFace = text;
    await this.#options.transport.show(face);
    this.#changed();
  }

  /** One write at a time; what changes meanwhile is written after it. */
  #write(): void {
    const { company, backplane, clock, logger } = this.#options;
    if (company === undefined || this.#timer === undefined || this.#isWriting !== undefined) return;
    const text = serialiseFarmRecord(this.#record);
    if (text === this.#written) return;
    const key = farmRecordKey(company.membership.self.id);
    this.#isWriting = backplane
      .put(key, text)
      .then(() => {
        this.#written = text;
        this.#isWriting = undefined;
        if (this.#isOpen) this.#write();
      })
      .catch((error: unknown) => {
        this.#isWriting = undefined;
        logger.debug({ err: error, againInMs: retryMs }, 'the other members could not be told of this one');
        if (this.#isOpen) this.#retry = clock.after(retryMs, () => this.#write());
      });
  }

  /** The log says each problem once. */
  #tell(): void {
    if (this.#timer === undefined) return;
    const { problem, warnings } = this.#record;
    const all = [...(problem === '' || this.#stopping !== '' ? [] : [problem]), ...warnings.map(({ text }) => text)];
    const text = all.join('; ');
    if (text !== this.#told && text !== '')
      this.#options.logger.warn({ farm: this.#resolved.farm }, `SIP Farm: ${text}`);
    this.#told = text;
  }

  /** Members that this server had when it had more of them. */
  #tidy(): void {
    const { company, backplane, server, logger } = this.#options;
    if (company === undefined || this.#records === undefined) return;
    for (const [key] of this.#records.entries()) {
      const parsed = parseMemberId(memberOfFarmKey(key) ?? '');
      if (parsed?.server !== server || parsed.index < company.count) continue;
      backplane.txn([{ kind: 'delete', key }], []).catch((error: unknown) => {
        logger.debug({ err: error, key }, 'the record of a member that is no more could not be removed');
      });
    }
  }

  #memberStatus(): FarmMemberStatus[] {
    const { company, kind } = this.#options;
    const own = this.#statusOf(company === undefined ? '' : memberName(company.membership.self.id), this.#record, kind);
    const self: FarmMemberStatus = {
      ...own,
      isSelf: true,
      isReachable: true,
      isDraining: company?.membership.self.isDraining === true,
      isInFarm: this.#farm?.self.isInFarm ?? false,
    };
    const others = this.#ids().flatMap((id): readonly FarmMemberStatus[] => {
      const record = this.#records?.get(farmRecordKey(id))?.value;
      if (record === undefined) return [];
      const view = company?.membership.find(id);
      const member = this.#farm?.members().find(({ token }) => token === record.token);
      const isUp = view?.info.boot === record.boot;
      const known = this.#statusOf(memberName(id), record, kind === 'threads' ? 'threads' : record.role);
      return [
        {
          ...known,
          isReady: isUp && record.isReady,
          isReachable: member?.isReachable === true,
          isDraining: isUp && view.info.isDraining,
          isInFarm: member?.isInFarm === true && member.isReachable,
          problem: isUp ? view.cause || record.problem : 'it is not up',
        },
      ];
    });
    return [self, ...others];
  }

  #statusOf(name: string, record: FarmRecord, role: string): FarmMemberStatus {
    const { token, configured, resolved, isReady, problem, relayHost, relayPort, balancer, wanAddress } = record;
    const { virtualAddresses, boundAddresses, weight, warnings } = record;
    return {
      name,
      isSelf: false,
      role,
      token,
      configured,
      resolved,
      isInFarm: false,
      isReady,
      isReachable: false,
      isDraining: false,
      problem,
      relayAddress: relayPort === 0 ? '' : addressAndPort(relayHost, relayPort),
      balancer,
      virtualAddresses,
      boundAddresses,
      wanAddress,
      weight,
      warnings,
    };
  }
}
