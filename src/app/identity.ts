import type { Backplane } from '#backplane';
import type { Certificates, ServerIdentity } from '#io';
import { certificateDer, inspectCertificate, type CertificateInfo } from '#base';
import { objectOf, stringOf } from './parse-record.ts';
import { StoredRecord } from './stored-record.ts';

const parse = (value: unknown): ServerIdentity => {
  const record = objectOf(value);
  return { certificatePem: stringOf(record, 'certificatePem'), privateKeyPem: stringOf(record, 'privateKeyPem') };
};

/** The key and certificate that the listeners show. Made at the first start, replaced by administrators. */
export class StoredIdentity {
  readonly #record: StoredRecord<ServerIdentity>;
  readonly #certificates: Certificates;
  #der: { readonly of: ServerIdentity; readonly bytes: Buffer } | undefined;

  private constructor(record: StoredRecord<ServerIdentity>, certificates: Certificates) {
    this.#record = record;
    this.#certificates = certificates;
  }

  static async open(options: {
    readonly backplane: Backplane;
    readonly key: string;
    readonly certificates: Certificates;
    readonly hostName: string;
  }): Promise<StoredIdentity> {
    const { backplane, key, certificates, hostName } = options;
    const initial = (): Promise<ServerIdentity> => certificates.makeSelfSigned({ hostName });
    return new StoredIdentity(await StoredRecord.open({ backplane, key, parse, initial }), certificates);
  }

  /** The same object until it is replaced. */
  current(): ServerIdentity {
    return this.#record.value;
  }

  certificateDer(): Buffer {
    const of = this.#record.value;
    if (this.#der?.of !== of) {
      this.#der = { of, bytes: certificateDer(Buffer.from(of.certificatePem)) ?? Buffer.alloc(0) };
    }
    return this.#der.bytes;
  }

  info(): Pick<CertificateInfo, 'notBeforeMs' | 'notAfterMs'> {
    return inspectCertificate(this.certificateDer()) ?? { notBeforeMs: Infinity, notAfterMs: Infinity };
  }

  /** @throws IoError BAD_IDENTITY: unreadable, or the key does not belong to the certificate. */
  async replace(identity: ServerIdentity): Promise<void> {
    const checked = this.#certificates.readIdentity(identity.certificatePem, identity.privateKeyPem);
    await this.#record.change(() => checked);
  }

  async regenerate(commonName: string): Promise<void> {
    const identity = await this.#certificates.makeSelfSigned({ hostName: commonName });
    await this.#record.change(() => identity);
  }

  close(): void {
    this.#record.close();
  }
}
