import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './namespaces.ts';

export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface CertificateWish {
  /** `DNS:farm.test`, `IP:10.77.0.1` */
  readonly names: readonly string[];
  readonly isExpired?: boolean;
}

/** An authority that openssl has made, and the certificates that it gives out. */
export class TestAuthority {
  /** PEM, for those who shall trust it. */
  readonly file: string;
  readonly #host: Host;
  readonly #keyFile: string;
  readonly #name: string;
  #count = 0;

  private constructor(host: Host, name: string) {
    this.#host = host;
    this.#name = name;
    this.file = join(host.folder, `${name}.pem`);
    this.#keyFile = join(host.folder, `${name}.key`);
  }

  static async make(host: Host, name: string): Promise<TestAuthority> {
    const authority = new TestAuthority(host, name);
    await host.mustRun('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`],
      ...['-keyout', authority.#keyFile, '-out', authority.file],
    ]);
    return authority;
  }

  async certificate({ names, isExpired = false }: CertificateWish): Promise<TestCertificate> {
    const base = join(this.#host.folder, `${this.#name}-${++this.#count}`);
    const [keyFile, requestFile, certificateFile] = [`${base}.key`, `${base}.csr`, `${base}.pem`];
    const subject = names[0]!.slice(names[0]!.indexOf(':') + 1);
    await this.#host.mustRun('openssl', [
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${subject}`],
      ...['-keyout', keyFile, '-out', requestFile],
    ]);
    const extensions = `${base}.ext`;
    writeFileSync(extensions, `subjectAltName=${names.join(',')}\n`);
    const signing = ['-CA', this.file, '-CAkey', this.#keyFile, '-CAcreateserial', '-extfile', extensions];
    // A negative number of days: it has ended already.
    const days = isExpired ? '-1' : '10';
    await this.#host.mustRun('openssl', [
      ...['x509', '-req', '-in', requestFile, '-out', certificateFile, '-days', days],
      ...signing,
    ]);
    return { certificateFile, keyFile };
  }
}
