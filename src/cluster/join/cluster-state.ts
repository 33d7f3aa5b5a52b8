import { join } from 'node:path';
import { HubfarmError, isKeyOf } from '#base';
import type { Files, ServerIdentity } from '#io';
import { isServerName, serverNameRule } from '../member-id.ts';
import { Fields, integerOf, textOf } from './codec/fields.ts';
import { joinLimits as limits } from './codec/join-limits.ts';
import type { ClusterSettings } from './cluster-settings.ts';

/** Everything that a server keeps of its cluster. */
export interface ClusterMembershipFiles {
  readonly settings: ClusterSettings;
  /** Certificate of the cluster's authority, and its key. */
  readonly identity: ServerIdentity;
  /** Certificates of the authority; several while one is replaced. PEM. */
  readonly authorityPem: string;
  /** With the key that signs: on servers that may control. */
  readonly authority: ServerIdentity | undefined;
}

const maxFileBytes = 262_144;
const settingsFile = 'cluster.json';
const identityFile = 'identity.pem';
const authorityFile = 'ca.pem';
const authorityKeyFile = 'ca-key.pem';

/**
 * `<data>/cluster/`: cluster.json, identity.pem (certificate and key), ca.pem, on eligible servers ca-key.pem; for their
 * owner only. cluster.json is written last and deleted first: without it the rest does not count, and the server stands
 * alone.
 */
export class ClusterState {
  readonly #files: Files;
  /** For the programs that read the files themselves. */
  readonly directory: string;
  #current: ClusterMembershipFiles | undefined;
  #formerIdentity: ServerIdentity | undefined;
  readonly #listeners = new Set<() => void>();
  /** Writes, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(files: Files, directory: string) {
    this.#files = files;
    this.directory = directory;
  }

  /** @throws HubfarmError DAMAGED_CLUSTER_FILES: which file, and what to do. */
  static async open(files: Files, dataDirectory: string): Promise<ClusterState> {
    const state = new ClusterState(files, join(dataDirectory, 'cluster'));
    state.#current = await state.#load();
    if (state.#current === undefined) state.#formerIdentity = await state.#loadFormer();
    return state;
  }

  /** undefined = stand-alone. */
  get current(): ClusterMembershipFiles | undefined {
    return this.#current;
  }

  /**
   * While it stands alone: the key of a join that ended in doubt. The controller may have noted this server, and with it
   * the next join is taken for the same.
   */
  get formerIdentity(): ServerIdentity | undefined {
    return this.#formerIdentity;
  }

  path(name: 'identity' | 'authority'): string {
    return join(this.directory, name === 'identity' ? identityFile : authorityFile);
  }

  /** Told after each change. Returns the function that stops it. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  save(next: ClusterMembershipFiles): Promise<void> {
    return this.#inTurn(() => this.#save(next));
  }

  /**
   * Changes what is kept, as it is then: several may want to at a time. False: this server has left its cluster meanwhile,
   * and nothing was written.
   */
  change(edit: (files: ClusterMembershipFiles) => ClusterMembershipFiles): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#current === undefined) return false;
      await this.#save(edit(this.#current));
      return true;
    });
  }

  /** Stands alone from the next start on. `keepsIdentity`: see `formerIdentity`. */
  forget({ keepsIdentity = false }: { readonly keepsIdentity?: boolean } = {}): Promise<void> {
    return this.#inTurn(() => this.#forget(keepsIdentity));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #save(next: ClusterMembershipFiles): Promise<void> {
    await this.#files.makeDirectory(this.directory);
    const { identity, authority, authorityPem, settings } = next;
    await this.#write(authorityFile, authorityPem);
    await this.#write(identityFile, identity.certificatePem.trimEnd() + '\n' + identity.privateKeyPem);
    if (authority === undefined) await this.#files.remove(join(this.directory, authorityKeyFile));
    else await this.#write(authorityKeyFile, authority.certificatePem.trimEnd() + '\n' + authority.privateKeyPem);
    await this.#write(settingsFile, `${JSON.stringify(settings, undefined, 2)}\n`);
    this.#become(next);
  }

  async #forget(keepsIdentity: boolean): Promise<void> {
    const identity = keepsIdentity ? this.#current?.identity : undefined;
    const secrets = identity === undefined ? [identityFile] : [];
    for (const file of [settingsFile, ...secrets, authorityKeyFile, authorityFile]) {
      await this.#files.remove(join(this.directory, file));
    }
    this.#become(undefined, identity);
  }

  #become(next: ClusterMembershipFiles | undefined, former?: ServerIdentity): void {
    this.#formerIdentity = former;
    this.#current = next;
    for (const changed of this.#listeners) changed();
  }

  #write(file: string, content: string): Promise<void> {
    return this.#files.writeAtomic(join(this.directory, file), content, { mode: 0o600 });
  }

  async #load(): Promise<ClusterMembershipFiles | undefined> {
    const text = await this.#read(settingsFile);
    if (text === undefined) return undefined;
    const settings = this.#parse(settingsFile, () => parseSettings(JSON.parse(text)));
    const identityPem = await this.#need(identityFile);
    const authorityPem = await this.#need(authorityFile);
    const keyPem = settings.isEligible ? await this.#need(authorityKeyFile) : undefined;
    return {
      settings,
      identity: this.#parse(identityFile, () => splitIdentity(identityPem)),
      authorityPem: this.#parse(authorityFile, () => certificates(authorityPem)),
      authority: keyPem === undefined ? undefined : this.#parse(authorityKeyFile, () => splitIdentity(keyPem)),
    };
  }

  /** One that cannot be read is of no use, and harms nobody. */
  async #loadFormer(): Promise<ServerIdentity | undefined> {
    const pem = await this.#read(identityFile);
    if (pem === undefined) return undefined;
    try {
      return splitIdentity(pem);
    } catch {
      return undefined;
    }
  }

  async #read(file: string): Promise<string | undefined> {
    return (await this.#files.read(join(this.directory, file), maxFileBytes))?.toString('utf8');
  }

  async #need(file: string): Promise<string> {
    const text = await this.#read(file);
    if (text === undefined) throw this.#damaged(file, new Error('it is missing'));
    return text;
  }

  #parse<T>(file: string, parse: () => T): T {
    try {
      return parse();
    } catch (cause) {
      throw this.#damaged(file, cause);
    }
  }

  #damaged(file: string, cause: unknown): HubfarmError {
    // An offset in a JSON value means nothing to anybody.
    const why = (cause instanceof Error ? cause.message : String(cause)).replace(/ \(at byte 0\)$/, '');
    const cure = `put it back from a backup, or delete ${join(this.directory, settingsFile)} to stand alone and join again`;
    return new HubfarmError('DAMAGED_CLUSTER_FILES', `${join(this.directory, file)} is damaged (${why}): ${cure}`, {
      cause,
    });
  }
}

function parseSettings(value: unknown): ClusterSettings {
  const fields = new Fields(value);
  const engine = fields.object('engine');
  const controller = fields.object('controller');
  const serverName = fields.text('serverName', limits.maxNameCharacters);
  if (!isServerName(serverName)) throw new Error(`serverName "${serverName}" is not a server name: ${serverNameRule}`);
  return {
    mode: fields.oneOf('mode', ['controller', 'member']),
    clusterId: fields.text('clusterId', limits.clusterIdCharacters),
    serverName,
    isEligible: fields.boolean('isEligible'),
    engine: {
      role: engine.oneOf('role', ['voter', 'learner', 'client']),
      endpoints: engine.list('endpoints', limits.maxEndpoints, textOf(limits.maxEndpointCharacters)),
      initialCluster: engine.text('initialCluster', limits.maxInitialClusterCharacters),
    },
    address: fields.text('address', limits.maxAddressCharacters),
    publicAddress: fields.text('publicAddress', limits.maxAddressCharacters),
    publicPorts: fields.list('publicPorts', limits.maxPublicPorts, integerOf(1, 65_535)),
    controller: {
      host: controller.text('host', limits.maxHostCharacters),
      port: controller.integer('port', 0, 65_535),
    },
    weight: fields.integer('weight', 1, limits.maxWeight),
    isControllerOnly: fields.boolean('isControllerOnly'),
    joinedAtMs: fields.integer('joinedAtMs', 0, Number.MAX_SAFE_INTEGER),
  };
}

function splitIdentity(pem: string): ServerIdentity {
  const certificatePem = certificates(pem);
  const privateKeyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(pem)?.[0];
  if (privateKeyPem === undefined) throw new Error('there is no private key in it');
  if (!isKeyOf(Buffer.from(certificatePem), privateKeyPem))
    throw new Error('key and certificate do not belong together');
  return { certificatePem, privateKeyPem };
}

function certificates(pem: string): string {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g);
  if (found === null) throw new Error('there is no certificate in it');
  return found.join('');
}
