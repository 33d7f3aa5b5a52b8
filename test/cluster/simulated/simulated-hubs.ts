import type { HubDirectory, HubHost, HubRecord, VirtualHub } from '#hub';
import { hubKeyOf } from '#hub';
import type { ClusterDoor, ClusterSessions } from '#softether';
import { hubRecord } from '../../hub/hub-fixture.ts';

type SoftEtherSession = Parameters<ClusterDoor['began']>[0];

/** Hubs whose names begin with S are static, all others dynamic. */
export const isStatic = (hub: string): boolean => hub.startsWith('S');

export const recordOf = (hub: string): HubRecord => hubRecord(hub, { kind: isStatic(hub) ? 'static' : 'dynamic' });

/** Every hub that is asked for is configured. */
export const anyHub = { hub: recordOf } as unknown as HubDirectory;

/** A session as the cluster's part of the server sees it. */
export interface SimulatedSession {
  readonly hubName: string;
  /** It takes a licence. */
  readonly isCounted: boolean;
  isEnded: boolean;
  end(): void;
}

interface Instance {
  readonly hub: VirtualHub;
  readonly sessions: Set<SimulatedSession>;
}

/** The Virtual Hubs of a member, without frames: which are open, and who is in them. */
export class SimulatedHubs {
  readonly #instances = new Map<string, Instance>();
  readonly #opened = new Set<string>();
  readonly #listeners = new Set<(hub: VirtualHub) => void>();
  #cluster: ClusterSessions | undefined;

  /** They and the cluster's part know each other. */
  joins(cluster: ClusterSessions): void {
    this.#cluster = cluster;
  }

  /** What the cluster's part asks of the host of the hubs. */
  get host(): HubHost {
    const host = {
      instance: (name: string) => this.#instance(name)?.hub,
      instances: () => [...this.#instances.values()].map(({ hub }) => hub),
      opened: (): ReadonlySet<string> => this.#opened,
      openDynamic: (name: string) => this.#open(name),
      closeDynamic: (name: string) => this.#close(name),
      onInstance: (listener: (hub: VirtualHub) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    return host as unknown as HubHost;
  }

  /** Whether frames of this hub move here. */
  serves(name: string): boolean {
    const instance = this.#instances.get(hubKeyOf(name));
    return instance !== undefined && instance.sessions.size > 0 && !instance.hub.isSuspended;
  }

  count(): number {
    return this.#all().length;
  }

  /** Sessions that take a licence. */
  counted(): number {
    return this.#all().filter(({ isCounted }) => isCounted).length;
  }

  anyOf(name: string): SimulatedSession | undefined {
    return this.#all().find(({ hubName }) => hubName === name);
  }

  endAll(): void {
    for (const session of this.#all()) session.end();
  }

  /** The server has made a session; undefined: its hub has gone meanwhile. */
  begin(
    hubName: string,
    sessionName: string,
    { userName, isCounted }: { readonly userName: string; readonly isCounted: boolean },
  ): SimulatedSession | undefined {
    const instance = this.#instance(hubName);
    if (instance === undefined) return undefined;
    const session: SimulatedSession = { hubName, isCounted, isEnded: false, end: () => undefined };
    const identity = { name: sessionName, userName, uniqueIdText: '', isAdministrator: false, isLocalhost: !isCounted };
    const terms = { isBridgeMode: false };
    const known = { ...{ hub: instance.hub, name: sessionName, identity, terms, kind: 'client', isDormant: false } };
    const asServer = Object.assign(known, {
      isEnded: false,
      disconnect: () => session.end(),
    }) as unknown as SoftEtherSession;
    session.end = () => {
      if (session.isEnded) return;
      session.isEnded = true;
      instance.sessions.delete(session);
      this.#cluster?.ended(asServer);
    };
    instance.sessions.add(session);
    this.#cluster?.began(asServer, true);
    return session;
  }

  #all(): SimulatedSession[] {
    return [...this.#instances.values()].flatMap(({ sessions }) => [...sessions]);
  }

  #instance(name: string): Instance | undefined {
    const key = hubKeyOf(name);
    const known = this.#instances.get(key);
    return known ?? (isStatic(name) ? this.#make(name) : undefined);
  }

  #make(name: string): Instance {
    const sessions = new Set<SimulatedSession>();
    const hub = {
      name,
      record: recordOf(name),
      isSuspended: false,
      isStopped: false,
      sessions: () => [...sessions].map(() => ({ kind: 'client' })),
      get sessionCount() {
        return sessions.size;
      },
    } as unknown as VirtualHub;
    const instance = { hub, sessions };
    this.#instances.set(hubKeyOf(name), instance);
    for (const listener of this.#listeners) listener(hub);
    return instance;
  }

  #open(name: string): VirtualHub {
    const key = hubKeyOf(name);
    this.#opened.add(key);
    return (this.#instances.get(key) ?? this.#make(name)).hub;
  }

  #close(name: string): void {
    const key = hubKeyOf(name);
    const instance = this.#instances.get(key);
    if (!this.#opened.delete(key) || instance === undefined) return;
    this.#instances.delete(key);
    for (const session of [...instance.sessions]) session.end();
  }
}
