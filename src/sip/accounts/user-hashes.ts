import { hashHex } from '#base';
import type { AccountDirectory } from './directory.ts';
import { digestAlgorithms, type DigestAlgorithm } from './digest.ts';

/** User by the hash of `user:realm`. */
type Table = Map<string, string>;

/**
 * Whom a telephone means that does not say its user for others to read (RFC 7616 §3.4.4): H(user:realm) is sent instead. A
 * table of a domain is made when the first such telephone comes, and follows the changes of its accounts from then on: 100 ms for
 * 100,000 accounts, once, and nothing where nobody makes use of it.
 */
export class UserHashes {
  readonly #directory: Pick<AccountDirectory, 'accounts' | 'onChange'>;
  /** By domain, then by algorithm. */
  readonly #tables = new Map<string, Map<DigestAlgorithm, Table>>();

  constructor(directory: Pick<AccountDirectory, 'accounts' | 'onChange'>) {
    this.#directory = directory;
    directory.onChange((change) => {
      if (change.kind === 'domain') {
        if (change.record === undefined) this.#tables.delete(change.name);
        return;
      }
      const at = change.aor.lastIndexOf('@');
      this.#follow(change.aor.slice(at + 1), change.aor.slice(0, at), change.account !== undefined);
    });
  }

  /** `hash`: hex, in any case. undefined: nobody of the domain has it. */
  userOf(hash: string, domain: string, algorithm: DigestAlgorithm): string | undefined {
    return this.#table(domain, algorithm).get(hash.toLowerCase());
  }

  #table(domain: string, algorithm: DigestAlgorithm): Table {
    let ofDomain = this.#tables.get(domain);
    if (ofDomain === undefined) this.#tables.set(domain, (ofDomain = new Map<DigestAlgorithm, Table>()));
    let table = ofDomain.get(algorithm);
    if (table === undefined) {
      table = new Map();
      ofDomain.set(algorithm, table);
      for (const { user } of this.#directory.accounts(domain)) table.set(hashOf(user, domain, algorithm), user);
    }
    return table;
  }

  #follow(domain: string, user: string, isThere: boolean): void {
    for (const [algorithm, table] of this.#tables.get(domain) ?? []) {
      const hash = hashOf(user, domain, algorithm);
      if (isThere) table.set(hash, user);
      else table.delete(hash);
    }
  }
}

function hashOf(user: string, domain: string, algorithm: DigestAlgorithm): string {
  return hashHex(digestAlgorithms[algorithm].hash, `${user}:${domain}`);
}
