import type { LoadCounts } from '#cluster';
import { hubKeyOf } from '#hub';
import type { SoftEtherSession } from '../session.ts';
import { licenceOf, machineOf } from './licence.ts';
import type { SessionRow } from './place-order.ts';
import type { RoomWish } from './room-maker.ts';

function rowOfSession({ hub, identity, terms }: SoftEtherSession): SessionRow {
  const { name, userName, uniqueIdText, isAdministrator, isLocalhost } = identity;
  return {
    hubName: hub.name,
    name,
    userName: userName.toLowerCase(),
    machine: machineOf(uniqueIdText),
    isAdministrator,
    licence: licenceOf({ isAdministrator, isLocalhost, isBridgeMode: terms.isBridgeMode }),
  };
}

/** The client sessions of this member. */
export class OwnSessions {
  readonly #sessions = new Set<SoftEtherSession>();
  readonly #perHub = new Map<string, Set<SoftEtherSession>>();
  readonly #licences = { none: 0, client: 0, bridge: 0 };

  get size(): number {
    return this.#sessions.size;
  }

  all(): readonly SoftEtherSession[] {
    return [...this.#sessions];
  }

  add(session: SoftEtherSession): SessionRow {
    const row = rowOfSession(session);
    this.#sessions.add(session);
    const key = hubKeyOf(row.hubName);
    const ofHub = this.#perHub.get(key);
    if (ofHub === undefined) this.#perHub.set(key, new Set([session]));
    else ofHub.add(session);
    this.#licences[row.licence]++;
    return row;
  }

  remove(session: SoftEtherSession): SessionRow {
    const row = rowOfSession(session);
    const key = hubKeyOf(row.hubName);
    const ofHub = this.#perHub.get(key);
    ofHub?.delete(session);
    if (ofHub?.size === 0) this.#perHub.delete(key);
    if (this.#sessions.delete(session)) this.#licences[row.licence]--;
    return row;
  }

  /** Ends one session that only waits for its client: the wisher's own, else the longest waiting. Its name, or empty. */
  makeRoom({ scope, hubName, userName, machine }: RoomWish): string {
    const waiting = [...(this.#perHub.get(hubKeyOf(hubName)) ?? [])].filter(
      ({ isDormant, identity }) => isDormant && (scope === 'hub' || identity.userName.toLowerCase() === userName),
    );
    const own = waiting.find(
      ({ identity }) => identity.userName.toLowerCase() === userName && machineOf(identity.uniqueIdText) === machine,
    );
    const chosen = own ?? waiting[0];
    chosen?.disconnect('superseded');
    return chosen?.name ?? '';
  }

  counts(): Pick<LoadCounts, 'sessions' | 'clientLicences' | 'bridgeLicences'> {
    const { client, bridge } = this.#licences;
    return { sessions: this.size, clientLicences: client, bridgeLicences: bridge };
  }
}
