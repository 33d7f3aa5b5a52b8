import type { Backplane } from '#backplane';
import type { AdminPasswordControl } from '#admin';
import type { Lifecycle, Logger } from '#base';
import type { AdminPassword } from '../admin-password.ts';
import type { ClusterPart } from './cluster-part.ts';
import type { Stores } from '../member/seat.ts';
import { objectOf, stringOf } from '../parse-record.ts';

/** Of the cluster: every server that may become its controller goes by it. */
export const clusterPasswordKey = 'cfg/cluster/admin-password';
/** What it was when it was last seen: for starts while the engine is away. */
const seenKey = 'local/cluster-admin-password';

export const passwordRecord = (hashed: Buffer): string => JSON.stringify({ hashedPassword: hashed.toString('hex') });

/** The administration password of the cluster. Until it is known, that of the server. */
class ClusterPassword {
  readonly #own: AdminPassword;
  readonly #patient: Backplane;
  readonly #local: Backplane;
  readonly #logger: Logger;
  #hashed: Buffer | undefined;
  #watch: { close(): void } | undefined;

  private constructor(own: AdminPassword, patient: Backplane, local: Backplane, logger: Logger) {
    this.#own = own;
    this.#patient = patient;
    this.#local = local;
    this.#logger = logger;
  }

  static async open(
    own: AdminPassword,
    stores: Pick<Stores, 'shared' | 'patient' | 'local'>,
    logger: Logger,
  ): Promise<ClusterPassword> {
    const password = new ClusterPassword(own, stores.patient, stores.local, logger);
    password.#accept((await stores.local.get(seenKey))?.value);
    password.#watch = stores.shared.watch(clusterPasswordKey, ({ changes }) => {
      for (const { key, entry } of changes) {
        if (key === clusterPasswordKey && entry !== undefined && password.#accept(entry.value)) password.#remember();
      }
    });
    return password;
  }

  hashed(): Buffer {
    return this.#hashed ?? this.#own.hashed();
  }

  async set(hashed: Buffer): Promise<void> {
    await this.#patient.put(clusterPasswordKey, passwordRecord(hashed));
    this.#hashed = Buffer.from(hashed);
    this.#remember();
  }

  close(): void {
    this.#watch?.close();
  }

  #accept(value: Uint8Array | undefined): boolean {
    if (value === undefined) return false;
    try {
      this.#hashed = Buffer.from(
        stringOf(objectOf(JSON.parse(Buffer.from(value).toString())), 'hashedPassword'),
        'hex',
      );
      return true;
    } catch (error) {
      this.#logger.error({ err: error }, 'the administration password of the cluster cannot be read');
      return false;
    }
  }

  #remember(): void {
    this.#local.put(seenKey, passwordRecord(this.hashed())).catch((error: unknown) => {
      this.#logger.warn({ err: error }, 'the administration password of the cluster could not be kept here');
    });
  }
}

/** Servers that may become the controller go by the cluster's password, all others by their own. */
export async function openAdminPassword(
  { remote, isEligible }: ClusterPart,
  { own, ...stores }: Stores,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<AdminPasswordControl> {
  if (remote === undefined || !isEligible) return own.adminPassword;
  const password = await ClusterPassword.open(own.adminPassword, stores, logger);
  await lifecycle.start({ name: "the cluster's password", stop: () => password.close() });
  return password;
}
