import type { Backplane } from '#backplane';
import type { Logger } from '#base';
import { parseMemberId, RecordCopy, type MemberId, type Membership } from '#cluster';
import { farmRecordKey, farmRecordPrefix, memberOfFarmKey, parseFarmRecord, type FarmRecord } from './farm-record.ts';

/** This member among others; absent for one that is alone. */
export interface FarmCompany {
  readonly membership: Pick<Membership, 'self' | 'members' | 'onChange' | 'find'>;
  /** How many members this server has. */
  readonly count: number;
  /** It belongs to the cluster, whether or not it is up. */
  readonly isKnown: (id: MemberId) => boolean;
  /** Where other members send frames; undefined: the port is not open. */
  readonly relay: () => { readonly host: string; readonly port: number; readonly warning: string } | undefined;
}

export interface OtherMembersOptions {
  readonly backplane: Backplane;
  readonly logger: Logger;
  readonly server: string;
  readonly company: FarmCompany;
  readonly changed: () => void;
}

/** What the other members say of themselves, those that are down among them. */
export class OtherMembers {
  readonly #options: OtherMembersOptions;
  readonly #records: RecordCopy<FarmRecord>;
  readonly opened: Promise<void>;

  constructor(options: OtherMembersOptions) {
    this.#options = options;
    this.#records = new RecordCopy({
      backplane: options.backplane,
      prefix: farmRecordPrefix,
      parse: (key, value) => (memberOfFarmKey(key) === undefined ? undefined : parseFarmRecord(value)),
      changed: options.changed,
    });
    this.opened = this.#records.opened;
  }

  get(id: MemberId): FarmRecord | undefined {
    return this.#records.get(farmRecordKey(id))?.value;
  }

  /** Those that belong to the cluster, up or not; not this member. */
  list(): readonly (readonly [MemberId, FarmRecord])[] {
    const found: (readonly [MemberId, FarmRecord])[] = [];
    for (const [key, { value }] of this.#records.entries()) {
      const id = memberOfFarmKey(key);
      if (id !== undefined && id !== this.#options.company.membership.self.id && this.#belongs(id)) {
        found.push([id, value]);
      }
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Forgets members that this server had when it had more of them. */
  tidy(): void {
    const { backplane, company, server, logger } = this.#options;
    for (const [key] of this.#records.entries()) {
      const parsed = parseMemberId(memberOfFarmKey(key) ?? '');
      if (parsed?.server !== server || parsed.index < company.count) continue;
      backplane.txn([{ kind: 'delete', key }], []).catch((error: unknown) => {
        logger.debug({ err: error, key }, 'the record of a member that is no more could not be removed');
      });
    }
  }

  close(): void {
    this.#records.close();
  }

  #belongs(id: MemberId): boolean {
    const { company, server } = this.#options;
    const parsed = parseMemberId(id);
    if (parsed?.server === server) return parsed.index < company.count;
    return company.isKnown(id);
  }
}
