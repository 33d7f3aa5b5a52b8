import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createNodeCertificates, createNodeClock } from '#io/node';

const certificates = createNodeCertificates(createNodeClock());

describe('a self-signed certificate', () => {
  test('is ECDSA P-256 for ten years, in the name of the host', async () => {
    const { certificatePem, privateKeyPem } = await certificates.makeSelfSigned({ hostName: 'vpn.example.com' });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject).toBe('CN=vpn.example.com');
    expect(certificate.subjectAltName).toBe('DNS:vpn.example.com');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const years = (certificate.validToDate.getTime() - Date.now()) / (365.25 * 86_400_000);
    expect(years).toBeCloseTo(10, 2);
    expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now() - 3_600_000);
  });

  test('is RSA of 2048 bits where that is asked for', async () => {
    const { certificatePem } = await certificates.makeSelfSigned({ hostName: 'x.example', keyType: 'rsa-2048' });
    expect(new X509Certificate(certificatePem).publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
  });

  test('names an IP address as one, and cuts a host name that is too long for a common name', async () => {
    const byAddress = await certificates.makeSelfSigned({ hostName: '192.0.2.7' });
    expect(new X509Certificate(byAddress.certificatePem).subjectAltName).toBe('IP Address:192.0.2.7');
    const long = `${'a'.repeat(63)}.example.com`;
    const byName = await certificates.makeSelfSigned({ hostName: long });
    expect(new X509Certificate(byName.certificatePem).checkHost(long)).toBe(long);
  });

  test('is another one each time', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => certificates.makeSelfSigned({ hostName: 'x.example' })));
    expect(new X509Certificate(one!.certificatePem).serialNumber).not.toBe(
      new X509Certificate(two!.certificatePem).serialNumber,
    );
  });
});

describe('an identity from files', () => {
  const own = certificates.makeSelfSigned({ hostName: 'own.example' });
  const other = certificates.makeSelfSigned({ hostName: 'other.example', keyType: 'rsa-2048' });

  test('may be PEM or DER', async () => {
    for (const { certificatePem, privateKeyPem } of [await own, await other]) {
      const expected = certificates.readIdentity(certificatePem, privateKeyPem);
      const key = createPrivateKey(privateKeyPem);
      const kind = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
      for (const der of [key.export({ type: 'pkcs8', format: 'der' }), key.export({ type: kind, format: 'der' })]) {
        expect(certificates.readIdentity(new X509Certificate(certificatePem).raw, der)).toEqual(expected);
      }
    }
  });

  test('keeps the chain behind its certificate', async () => {
    const chain = (await own).certificatePem + (await other).certificatePem;
    const { certificatePem } = certificates.readIdentity(Buffer.from(chain), (await own).privateKeyPem);
    expect(certificatePem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(new X509Certificate(certificatePem).subject).toBe('CN=own.example');
  });

  test('whose key belongs to another certificate is refused, naming the certificate', async () => {
    const { certificatePem } = await own;
    const { privateKeyPem } = await other;
    expect(() => certificates.readIdentity(certificatePem, privateKeyPem)).toThrow(
      'the private key does not belong to the certificate of "own.example"',
    );
  });

  test('that cannot be read says which part', async () => {
    const { certificatePem, privateKeyPem } = await own;
    const locked = createPrivateKey(privateKeyPem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    expect(() => certificates.readIdentity(certificatePem, 'nonsense')).toThrow('the private key cannot be read');
    expect(() => certificates.readIdentity(certificatePem, locked)).toThrow(/protected by a password/);
    expect(() => certificates.readIdentity('nonsense', privateKeyPem)).toThrow(
      'certificate 1 of the file cannot be read',
    );
    expect(() => certificates.readIdentity(privateKeyPem, privateKeyPem)).toThrow('holds no certificate');
  });
});
