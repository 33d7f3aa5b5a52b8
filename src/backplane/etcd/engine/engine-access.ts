import { BadRequest } from '../../limits.ts';
import {
  decodeNames,
  encodeGrant,
  encodeName,
  encodeUserAdd,
  encodeUserRole,
  type Permission,
} from '../codec/access.ts';
import { judged } from '../engine-errors.ts';
import { prefixRange, type KeyRange } from '../key-range.ts';
import { methods } from '../methods.ts';
import type { EngineClient } from '../rpc/engine-client.ts';
import { isStatus } from '../rpc/engine-client.ts';
import { status } from '../rpc/rpc-error.ts';

/** The engine's own superuser, and the role that goes with it. Its certificate is never made. */
const root = 'root';
const readers = 'readers';
const ownRole = (server: string): string => `server:${server}`;
/** What only eligible servers may read. */
const secretPrefix = 'cfg/cluster/secret/';

/** What telephones leave with whichever server of a SIP Farm they meet: states, and messages for those who are away. */
const leftWithAny = ['sip/publish/', 'sip/message/'];

/**
 * `eligible` servers administer the cluster and its engine. Others write `member/<name>/` and `load/<name>/`, and what
 * telephones leave with any server; nothing else.
 */
export type AccessLevel = 'member' | 'eligible';

/** Which server may do what in the store. A server is known by the common name of its certificate. */
export class EngineAccess {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  /** From now on nobody gets in whom `allow` has not named. The first server names itself before. */
  async enable(): Promise<void> {
    await this.#once(methods.userAdd, encodeUserAdd(root));
    await this.#once(methods.roleAdd, encodeName(root));
    await this.#once(methods.userGrantRole, encodeUserRole(root, root));
    await this.#once(methods.authEnable, new Uint8Array(0));
  }

  /** Also changes the level of one that is allowed already. */
  async allow(server: string, level: AccessLevel): Promise<void> {
    if (server === root) throw new BadRequest(`a server cannot be called ${root}: choose another name`);
    await this.#once(methods.userAdd, encodeUserAdd(server));
    if (level === 'eligible') {
      await this.#once(methods.roleAdd, encodeName(root));
      await this.#once(methods.userGrantRole, encodeUserRole(server, root));
      return;
    }
    await this.#makeReaders();
    const own = ownRole(server);
    await this.#once(methods.roleAdd, encodeName(own));
    for (const prefix of [`member/${server}/`, `load/${server}/`, ...leftWithAny]) {
      await this.#grant(own, 'readWrite', prefixRange(prefix));
    }
    await this.#once(methods.userGrantRole, encodeUserRole(server, readers));
    await this.#once(methods.userGrantRole, encodeUserRole(server, own));
    await this.#once(methods.userRevokeRole, encodeUserRole(server, root));
  }

  /** Its certificate is worth nothing to the engine from now on. It may be the server that asks. */
  async forbid(server: string): Promise<void> {
    if (server === root) return;
    await this.#once(methods.roleDelete, encodeName(ownRole(server)));
    await this.#once(methods.userDelete, encodeName(server));
  }

  /** Names of the servers that may use the store. */
  async servers(): Promise<string[]> {
    const names = decodeNames(await this.#call(methods.userList, new Uint8Array(0)));
    return names.filter((name) => name !== root);
  }

  async #makeReaders(): Promise<void> {
    await this.#once(methods.roleAdd, encodeName(readers));
    const all = prefixRange('');
    const secret = prefixRange(secretPrefix);
    await this.#grant(readers, 'read', { key: all.key, rangeEnd: secret.key });
    await this.#grant(readers, 'read', { key: secret.rangeEnd, rangeEnd: all.rangeEnd });
  }

  async #grant(role: string, may: Permission['may'], range: KeyRange): Promise<void> {
    await this.#once(methods.roleGrantPermission, encodeGrant(role, { may, ...range }));
  }

  /** That it is so already is no error. */
  async #once(method: string, request: Uint8Array): Promise<void> {
    try {
      await this.#call(method, request);
    } catch (error) {
      if (!isSo(error)) throw judged(error);
    }
  }

  async #call(method: string, request: Uint8Array): Promise<Buffer> {
    return (await this.#client.call(method, request, { mayRepeat: true })).bytes;
  }
}

const done = /already exists|already enabled|is not found|not found|not granted|already granted/;

function isSo(error: unknown): boolean {
  return (isStatus(error, status.failedPrecondition) || isStatus(error, status.notFound)) && done.test(error.message);
}
