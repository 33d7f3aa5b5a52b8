import { Conflict, type Backplane, type Guard } from '#backplane';
import { HubfarmError, type Logger } from '#base';
import { RecordCopy } from '#cluster';
import type { Clock } from '#io';
import type { LicenceLimits } from '#softether';
import { editions, readLicence, type Edition, type Licence } from './licence.ts';

export interface LicenceDirectoryOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Public key of whoever sells licences, 32 bytes; undefined: nobody does, everything is unlimited. */
  readonly issuer: Uint8Array | undefined;
  /** Name of this server in the cluster, or its host name. */
  readonly server: string;
  /** In a cluster: only the controller registers licences. */
  readonly leadership?: () => Guard | undefined;
}

export interface RegisteredLicence {
  readonly licence: Licence;
  readonly text: string;
  /** For which it is registered. */
  readonly server: string;
  /** Unix milliseconds. */
  readonly addedAtMs: number;
  readonly isExpired: boolean;
}

interface LicenceRecord {
  readonly text: string;
  readonly server: string;
  readonly addedAtMs: number;
}

const prefix = 'cfg/licence/';
/** Further ones are refused. */
const MAX_LICENCES = 1_000;
/** C5's M. */
const CLASSIC_SESSIONS = 4_096;
const CARRIER_SESSIONS = 100_000;

/**
 * The licences of a cluster, each registered once, for one server: `cfg/licence/<id>`. Without an issuer there are none
 * and everything is allowed: the built-in licence is Carrier, without limits.
 */
export class LicenceDirectory {
  readonly #options: LicenceDirectoryOptions;
  readonly #copy: RecordCopy<LicenceRecord>;

  private constructor(options: LicenceDirectoryOptions) {
    this.#options = options;
    this.#copy = new RecordCopy({
      backplane: options.backplane,
      prefix,
      parse: (_key, value) => parseRecord(value),
      changed: () => undefined,
    });
  }

  static async open(options: LicenceDirectoryOptions): Promise<LicenceDirectory> {
    const directory = new LicenceDirectory(options);
    await directory.#copy.opened;
    return directory;
  }

  close(): void {
    this.#copy.close();
  }

  /** No issuer is trusted, so nothing is limited. */
  get isUnlimited(): boolean {
    return this.#options.issuer === undefined;
  }

  get server(): string {
    return this.#options.server;
  }

  /** In the order of their ids. A record whose signature is not by the issuer is none. */
  list(): readonly RegisteredLicence[] {
    const { issuer, clock } = this.#options;
    if (issuer === undefined) return [];
    const now = clock.wallMs();
    const all = [...this.#copy.entries()].flatMap(([, { value }]) => {
      const reading = readLicence(value.text, issuer);
      if (reading.kind === 'bad') return [];
      const { licence } = reading;
      return [{ ...value, licence, isExpired: licence.expiresAtMs !== 0 && licence.expiresAtMs <= now }];
    });
    return all.sort((a, b) => (a.licence.id < b.licence.id ? -1 : 1));
  }

  /** Of the whole cluster. */
  limits(): LicenceLimits {
    if (this.isUnlimited) return { client: Infinity, bridge: Infinity };
    const valid = this.list().filter(({ isExpired }) => !isExpired);
    return {
      client: valid.reduce((sum, { licence }) => sum + licence.clients, 0),
      bridge: valid.reduce((sum, { licence }) => sum + licence.bridges, 0),
    };
  }

  /** The best that is registered for the server; undefined = none. */
  edition(server = this.#options.server): Edition | undefined {
    if (this.isUnlimited) return 'carrier';
    const own = this.list().filter((one) => !one.isExpired && isSameServer(one.server, server));
    return editions.findLast((edition) => own.some(({ licence }) => licence.edition === edition));
  }

  allowsClusters(server?: string): boolean {
    const edition = this.edition(server);
    return edition === 'enterprise' || edition === 'carrier';
  }

  /** Sessions that the server may hold. */
  maxSessions(server?: string): number {
    return this.edition(server) === 'carrier' ? CARRIER_SESSIONS : CLASSIC_SESSIONS;
  }

  /** Errors: BAD_LICENCE, LICENCE_EXPIRED, LICENCE_EXISTS (it names both servers), TOO_MANY_LICENCES, NOT_CONTROLLER. */
  async add(text: string, server = this.#options.server): Promise<Licence> {
    const { issuer, clock, backplane } = this.#options;
    if (issuer === undefined)
      throw new HubfarmError('BAD_LICENCE', 'this server trusts no issuer of licences, and needs none');
    const reading = readLicence(text, issuer);
    if (reading.kind === 'bad') throw new HubfarmError('BAD_LICENCE', `this is no licence: ${reading.reason}`);
    const { licence } = reading;
    if (licence.expiresAtMs !== 0 && licence.expiresAtMs <= clock.wallMs()) {
      throw new HubfarmError('LICENCE_EXPIRED', `licence ${licence.id} has expired on ${dayOf(licence.expiresAtMs)}`);
    }
    if (licence.server !== undefined && !isSameServer(licence.server, server)) {
      throw new HubfarmError('BAD_LICENCE', `licence ${licence.id} is for server "${licence.server}", not "${server}"`);
    }
    if (this.list().length >= MAX_LICENCES) {
      throw new HubfarmError('TOO_MANY_LICENCES', `there are ${MAX_LICENCES} licences, no further one is possible`);
    }
    const key = prefix + licence.id;
    const value = JSON.stringify({ text: text.trim(), server, addedAtMs: clock.wallMs() });
    const guards = [{ key, modRevision: 0 }, ...this.#leadership()];
    try {
      await this.#copy.shows(key, await backplane.txn([{ kind: 'put', key, value }], guards));
    } catch (error) {
      throw error instanceof Conflict ? await this.#exists(licence.id, server, error) : error;
    }
    return licence;
  }

  /** Lines of what is registered for this server. */
  ownLines(): readonly string[] {
    const own = this.list().filter(({ server }) => isSameServer(server, this.#options.server));
    return own.map(({ text }) => text);
  }

  /** Why a server with these lines cannot be in the cluster under this name; undefined = it can. */
  problem(server: string, lines: readonly string[]): string | undefined {
    const all = this.list();
    const [known, brought] = [all.filter((one) => isSameServer(one.server, server)), this.#readable(lines)];
    for (const { id, server: bound } of brought) {
      const elsewhere = all.find((one) => one.licence.id === id && !known.includes(one));
      if (elsewhere !== undefined) return isElsewhere(id, elsewhere.server, server);
      if (bound !== undefined && !isSameServer(bound, server)) {
        return `licence ${id} is for server "${bound}", not "${server}"`;
      }
    }
    const nowMs = this.#options.clock.wallMs();
    const valid = [...known.map(({ licence }) => licence), ...brought].filter(
      ({ expiresAtMs }) => expiresAtMs === 0 || expiresAtMs > nowMs,
    );
    if (this.isUnlimited || valid.some(({ edition }) => edition === 'enterprise' || edition === 'carrier')) {
      return undefined;
    }
    return `clusters need an Enterprise or Carrier licence on each server, and "${server}" has none`;
  }

  /** Registers them for a server that has joined. What is registered for it already, or not by the issuer, is passed over. */
  async adopt(server: string, lines: readonly string[]): Promise<void> {
    const known = new Set(this.list().map(({ licence }) => licence.id));
    const nowMs = this.#options.clock.wallMs();
    for (const line of lines) {
      const [licence] = this.#readable([line]);
      const isExpired = licence !== undefined && licence.expiresAtMs !== 0 && licence.expiresAtMs <= nowMs;
      if (licence !== undefined && !isExpired && !known.has(licence.id)) await this.add(line, server);
    }
  }

  /** Takes those of a server away that has left. */
  async release(server: string): Promise<void> {
    for (const one of this.list()) if (isSameServer(one.server, server)) await this.delete(one.licence.id);
  }

  /** False: there is none of this id. */
  async delete(id: string): Promise<boolean> {
    const key = prefix + id;
    const record = this.#copy.get(key);
    if (record === undefined) return false;
    const guards = [{ key, modRevision: record.modRevision }, ...this.#leadership()];
    await this.#options.backplane.txn([{ kind: 'delete', key }], guards);
    await this.#copy.leaves(key, record.modRevision);
    return true;
  }

  async #exists(id: string, server: string, cause: Error): Promise<HubfarmError> {
    const entry = await this.#options.backplane.get(prefix + id);
    const record = entry === undefined ? undefined : parseRecord(entry.value);
    if (record === undefined) {
      return new HubfarmError('NOT_CONTROLLER', 'licences can be registered at the controller of the cluster only', {
        cause,
      });
    }
    return new HubfarmError('LICENCE_EXISTS', isElsewhere(id, record.server, server), { cause });
  }

  #readable(lines: readonly string[]): readonly Licence[] {
    const { issuer } = this.#options;
    if (issuer === undefined) return [];
    return lines.flatMap((line) => {
      const reading = readLicence(line, issuer);
      return reading.kind === 'bad' ? [] : [reading.licence];
    });
  }

  #leadership(): Guard[] {
    const { leadership } = this.#options;
    if (leadership === undefined) return [];
    const guard = leadership();
    if (guard !== undefined) return [guard];
    throw new HubfarmError('NOT_CONTROLLER', 'licences can be registered at the controller of the cluster only');
  }
}

const isSameServer = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const isElsewhere = (id: string, there: string, here: string): string =>
  `licence ${id} is registered for server "${there}": it cannot be for server "${here}" as well`;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function parseRecord(value: Uint8Array): LicenceRecord | undefined {
  try {
    const record = JSON.parse(Buffer.from(value).toString('utf8')) as { readonly [N in string]?: unknown } | null;
    const { text, server, addedAtMs } = record ?? {};
    if (typeof text !== 'string' || typeof server !== 'string' || typeof addedAtMs !== 'number') return undefined;
    return { text, server, addedAtMs };
  } catch {
    return undefined;
  }
}
