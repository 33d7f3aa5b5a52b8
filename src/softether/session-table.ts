import type { SoftEtherSession } from './session.ts';

const NO_SESSIONS: ReadonlySet<SoftEtherSession> = new Set();

/** The client sessions of this member, by key and by Virtual Hub. */
export class SessionTable {
  readonly #byKey = new Map<string, SoftEtherSession>();
  readonly #byHub = new Map<string, Set<SoftEtherSession>>();

  add(session: SoftEtherSession): void {
    this.#byKey.set(session.identity.keyText, session);
    const hubKey = session.hub.name.toUpperCase();
    const ofHub = this.#byHub.get(hubKey);
    if (ofHub === undefined) this.#byHub.set(hubKey, new Set([session]));
    else ofHub.add(session);
  }

  remove(session: SoftEtherSession): void {
    this.#byKey.delete(session.identity.keyText);
    const hubKey = session.hub.name.toUpperCase();
    const ofHub = this.#byHub.get(hubKey);
    ofHub?.delete(session);
    if (ofHub?.size === 0) this.#byHub.delete(hubKey);
  }

  /** `keyText`: the 20 bytes of the Welcome, as latin1. */
  byKey(keyText: string): SoftEtherSession | undefined {
    return this.#byKey.get(keyText);
  }

  /** In the order of their log-ins. */
  ofHub(hubName: string): ReadonlySet<SoftEtherSession> {
    return this.#byHub.get(hubName.toUpperCase()) ?? NO_SESSIONS;
  }

  all(): readonly SoftEtherSession[] {
    return [...this.#byKey.values()];
  }

  get size(): number {
    return this.#byKey.size;
  }
}
