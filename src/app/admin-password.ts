import type { Backplane } from '#backplane';
import type { Random } from '#io';
import { sha0 } from '#base';
import { objectOf, stringOf } from './parse-record.ts';
import { StoredRecord } from './stored-record.ts';

interface PasswordRecord {
  /** SHA-0(password), hex: what the SoftEther log-in proves knowledge of. */
  readonly hashedPassword: string;
}

const parse = (value: unknown): PasswordRecord => {
  const hashedPassword = stringOf(objectOf(value), 'hashedPassword');
  if (!/^[0-9a-f]{40}$/.test(hashedPassword)) throw new Error('hashedPassword is not 40 hex digits');
  return { hashedPassword };
};

/** Letters and digits that cannot be mistaken for one another when read from a screen. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
const generatedLength = 16;

/** The server administrator's password. At the very first start it is taken from the environment or generated. */
export class AdminPassword {
  readonly #record: StoredRecord<PasswordRecord>;
  /** Set at the start that generated it, to be shown once. */
  readonly generated: string | undefined;

  private constructor(record: StoredRecord<PasswordRecord>, generated: string | undefined) {
    this.#record = record;
    this.generated = generated;
  }

  static async open(options: {
    readonly backplane: Backplane;
    readonly key: string;
    readonly random: Random;
    /** For the first start only. */
    readonly initial: string | undefined;
  }): Promise<AdminPassword> {
    let generated: string | undefined;
    const initial = (): Promise<PasswordRecord> => {
      const password = options.initial ?? (generated = generatePassword(options.random));
      return Promise.resolve({ hashedPassword: sha0(Buffer.from(password)).toString('hex') });
    };
    const record = await StoredRecord.open({ backplane: options.backplane, key: options.key, parse, initial });
    return new AdminPassword(record, generated);
  }

  hashed(): Buffer {
    return Buffer.from(this.#record.value.hashedPassword, 'hex');
  }

  set(hashed: Buffer): Promise<void> {
    return this.#record.change(() => ({ hashedPassword: hashed.toString('hex') }));
  }

  close(): void {
    this.#record.close();
  }
}

function generatePassword(random: Random): string {
  return Array.from({ length: generatedLength }, () => alphabet[random.below(alphabet.length)]).join('');
}
