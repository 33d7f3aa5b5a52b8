import type { Backplane } from '#backplane';
import type { MemberBoot } from '../handle.ts';
import { parseMemberId } from '../member-id.ts';
import { RecordCopy } from '../record-copy.ts';
import { serverPrefix } from './server-registry.ts';

/**
 * The servers that belong to the cluster, from memory. The certificate of one that was removed is good until it runs out:
 * it is not spoken with all the same.
 */
export class KnownServers {
  readonly #copy: RecordCopy<true>;

  constructor(shared: Backplane) {
    this.#copy = new RecordCopy<true>({
      backplane: shared,
      prefix: serverPrefix,
      parse: () => true,
      changed: () => undefined,
    });
  }

  /** For `MemberBusOptions.admit`. While the list is not known (no engine), or still empty, everybody is let in. */
  readonly refusal = ({ member }: MemberBoot): string | undefined => {
    const [first] = this.#copy.entries();
    const { server } = parseMemberId(member) ?? { server: '' };
    if (first === undefined || this.#copy.get(serverPrefix + server) !== undefined) return undefined;
    return `${server} is not in the list of the cluster's servers: it was removed, or has not joined`;
  };

  close(): void {
    this.#copy.close();
  }
}
