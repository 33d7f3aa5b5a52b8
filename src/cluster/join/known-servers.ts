import type { Backplane } from '#backplane';
import type { Clock } from '#io';
import type { MemberBoot } from '../handle.ts';
import { parseMemberId } from '../member-id.ts';
import { RecordCopy } from '../record-copy.ts';
import { serverPrefix } from './server-registry.ts';

/** A server that is removed must still be told so, over the very bus. */
const farewellMs = 15_000;

/**
 * The servers that belong to the cluster, from memory. The certificate of one that was removed is good until it runs out:
 * it is not spoken with all the same.
 */
export class KnownServers {
  readonly #copy: RecordCopy<{ readonly isEligible: boolean }>;

  readonly #clock: Clock;
  /** Since when a server is not in the list any more, by its key, on the own clock. */
  readonly #goneAtMs = new Map<string, number>();

  constructor(shared: Backplane, clock: Clock) {
    this.#clock = clock;
    this.#copy = new RecordCopy({
      backplane: shared,
      prefix: serverPrefix,
      parse: (_key, value) => ({ isEligible: isEligibleIn(value) }),
      changed: (keys) => this.#note(keys),
    });
  }

  /** For `MemberBusOptions.admit`. While the list is not known (no engine), or still empty, everybody is let in. */
  readonly refusal = ({ member }: MemberBoot): string | undefined => {
    const [first] = this.#copy.entries();
    const { server } = parseMemberId(member) ?? { server: '' };
    const key = serverPrefix + server;
    if (first === undefined || this.#copy.get(key) !== undefined) return undefined;
    if (this.#clock.nowMs() < (this.#goneAtMs.get(key) ?? -Infinity) + farewellMs) return undefined;
    return `${server} is not in the list of the cluster's servers: it was removed, or has not joined`;
  };

  /** Whether another server than this one may lead the cluster; while the list is not known, one may. */
  canOthersLead(ownServer: string): boolean {
    const all = [...this.#copy.entries()];
    return all.length === 0 || all.some(([key, { value }]) => key !== serverPrefix + ownServer && value.isEligible);
  }

  #note(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#copy.get(key) === undefined) this.#goneAtMs.set(key, this.#clock.nowMs());
      else this.#goneAtMs.delete(key);
    }
  }

  close(): void {
    this.#copy.close();
  }
}

/** A record that cannot be read says nothing against its server. */
function isEligibleIn(value: Uint8Array): boolean {
  try {
    const record = JSON.parse(Buffer.from(value).toString('utf8')) as { readonly isEligible?: unknown } | null;
    return record?.isEligible !== false;
  } catch {
    return true;
  }
}
