import type { Backplane } from '#backplane';
import type { Clock, Timer } from '#io';
import type { MemberSource } from '../bus/member-source.ts';
import type { MemberBoot } from '../member-boot.ts';
import { parseMemberId } from '../member-id.ts';
import { RecordCopy } from '../record-copy.ts';
import { serverPrefix } from './server-registry.ts';

/** A server that is removed must still be told so, over the very bus; the engine may take its time to let it go. */
const farewellMs = 30_000;

/**
 * The servers that belong to the cluster, from memory. The certificate of one that was removed is good until it runs out:
 * it is not spoken with all the same, once it had the time to be told.
 */
export class KnownServers {
  readonly #clock: Clock;
  readonly #copy: RecordCopy<{ readonly isEligible: boolean }>;
  /** Keys of servers that were removed a moment ago; each ends what is spoken with it. */
  readonly #farewells = new Map<string, Timer>();
  readonly #listeners = new Set<() => void>();

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
    if (first === undefined || this.#copy.get(key) !== undefined || this.#farewells.has(key)) return undefined;
    return `${server} is not in the list of the cluster's servers: it was removed, or has not joined`;
  };

  /** The same members; told of also when a server is not to be spoken with any more. */
  following(members: MemberSource): MemberSource {
    return {
      busMembers: () => members.busMembers(),
      onChange: (changed) => {
        const unfollow = members.onChange(changed);
        this.#listeners.add(changed);
        return () => {
          unfollow();
          this.#listeners.delete(changed);
        };
      },
    };
  }

  /** Whether another server than this one may lead the cluster; while the list is not known, one may. */
  canOthersLead(ownServer: string): boolean {
    const all = [...this.#copy.entries()];
    return all.length === 0 || all.some(([key, { value }]) => key !== serverPrefix + ownServer && value.isEligible);
  }

  close(): void {
    this.#copy.close();
    for (const farewell of this.#farewells.values()) farewell.cancel();
    this.#farewells.clear();
    this.#listeners.clear();
  }

  #note(keys: readonly string[]): void {
    for (const key of keys) {
      this.#farewells.get(key)?.cancel();
      this.#farewells.delete(key);
      if (this.#copy.get(key) === undefined) {
        const farewell = this.#clock.after(farewellMs, () => this.#part(key));
        this.#farewells.set(key, farewell);
      }
    }
  }

  #part(key: string): void {
    this.#farewells.delete(key);
    for (const changed of this.#listeners) changed();
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
