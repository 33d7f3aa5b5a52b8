import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  certificateDer,
  certificatePem,
  inspectCertificate,
  isKeyOf,
  isSignedBy,
  plainHex,
  privateKeyDer,
  privateKeyPem,
  sha256,
  signRsaSha1,
  signSha256,
  verifyRsaSha1,
  verifySha256,
} from '#base';
import { beforeAll, describe, expect, test } from 'vitest';
import { packOf, readVectors } from '../softether/codec/vectors.ts';
import { makeCertificate, type MadeCertificate } from './make-certificate.ts';

let authority: MadeCertificate;
let user: MadeCertificate;
let elliptic: MadeCertificate;

beforeAll(async () => {
  authority = await makeCertificate({ name: 'CN=Test Authority, O=Example' });
  user = await makeCertificate({
    name: 'CN=alice, O=Example, OU=Net\\, Works, C=JP',
    serialHex: '00AB12',
    issuer: authority,
  });
  elliptic = await makeCertificate({ name: 'CN=elliptic', key: 'ec' });
});

const random = Buffer.from('6704a3c353d01c00e9ad82078c6698c61d830d0c', 'hex');

describe('inspecting a certificate', () => {
  test('tells what it says', () => {
    expect(inspectCertificate(user.der)).toEqual({
      subject: {
        commonName: 'alice',
        organization: 'Example',
        unit: 'Net, Works',
        country: 'JP',
        state: '',
        locality: '',
      },
      issuer: { commonName: 'Test Authority', organization: 'Example', unit: '', country: '', state: '', locality: '' },
      subjectText: 'alice, Example, Net, Works, JP',
      issuerText: 'Test Authority, Example',
      subjectCommonName: 'alice',
      serialHex: 'ab12',
      notBeforeMs: Date.UTC(2026, 0, 1),
      notAfterMs: Date.UTC(2027, 0, 1),
      publicKeyType: 'rsa',
      publicKeyBits: 2048,
      isSelfSigned: false,
      sha256: sha256(user.der),
    });
  });

  test('knows one that signed itself, and keys that are not RSA', () => {
    expect(inspectCertificate(authority.der)?.isSelfSigned).toBe(true);
    expect(inspectCertificate(elliptic.der)).toMatchObject({
      publicKeyType: 'ec',
      publicKeyBits: 0,
      isSelfSigned: true,
    });
  });

  test('gives the name text that SoftEther tools show', () => {
    const { functions } = readVectors('admin-rpc');
    const certificate = packOf(functions.AddCa?.request ?? []).data('Cert');
    const list = packOf(functions.EnumCa?.response ?? []);
    expect(inspectCertificate(certificate)?.subjectText).toBe(list.unistr('SubjectName'));
    expect(inspectCertificate(certificate)?.issuerText).toBe(list.unistr('IssuerName'));
    expect(inspectCertificate(certificate)?.notAfterMs).toBe(list.timeMs('Expires'));
  });

  test('takes PEM, and gives DER for both', () => {
    const pem = certificatePem(user.der);
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(certificateDer(Buffer.from(pem ?? ''))).toEqual(user.der);
    expect(certificateDer(Buffer.concat([user.der, Buffer.from('junk')]))).toEqual(user.der);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(300)],
    ['text', Buffer.from('not a certificate')],
    ['an empty PEM', Buffer.from('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n')],
    ['too much', Buffer.alloc(100_001)],
  ])('gives nothing for %s', (_what, bytes) => {
    expect(inspectCertificate(bytes)).toBeUndefined();
    expect(certificateDer(bytes)).toBeUndefined();
    expect(verifyRsaSha1(bytes, random, Buffer.alloc(256))).toBe(false);
    expect(isSignedBy(bytes, authority.der)).toBe(false);
    expect(isSignedBy(user.der, bytes)).toBe(false);
    expect(isKeyOf(bytes, user.privateKeyPem)).toBe(false);
  });

  test('gives nothing for one that is cut off anywhere', () => {
    for (let length = 0; length < user.der.length; length += 7) {
      expect(inspectCertificate(user.der.subarray(0, length))).toBeUndefined();
    }
  });

  test('survives a public key that cannot be read', () => {
    // The modulus is cut short by turning its length into a wrong one
    const broken = Buffer.from(user.der);
    const key = new X509Certificate(user.der).publicKey.export({ type: 'pkcs1', format: 'der' });
    const at = broken.indexOf(key);
    broken[at] = 0x31;
    expect(() => new X509Certificate(broken).publicKey).toThrow();
    expect(inspectCertificate(broken)).toMatchObject({
      subjectCommonName: 'alice',
      publicKeyType: '',
      publicKeyBits: 0,
    });
    expect(verifyRsaSha1(broken, random, Buffer.alloc(256))).toBe(false);
    expect(isSignedBy(user.der, broken)).toBe(false);
  });
});

describe('a signature over the random of the Hello', () => {
  test('is right for the key in the certificate and nothing else', () => {
    const signature = signRsaSha1(user.privateKeyPem, random);
    expect(signature).toHaveLength(256);
    expect(verifyRsaSha1(user.der, random, signature!)).toBe(true);
    expect(verifyRsaSha1(user.der, Buffer.alloc(20), signature!)).toBe(false);
    expect(verifyRsaSha1(authority.der, random, signature!)).toBe(false);
    expect(verifyRsaSha1(user.der, random, signature!.subarray(1))).toBe(false);
    expect(verifyRsaSha1(user.der, random, Buffer.alloc(256))).toBe(false);
  });

  test('needs an RSA key, of 4096 bits at most', async () => {
    expect(signRsaSha1(elliptic.privateKeyPem, random)).toBeUndefined();
    expect(verifyRsaSha1(elliptic.der, random, Buffer.alloc(256))).toBe(false);
    const large = await makeCertificate({ name: 'CN=large', key: 5120 });
    expect(verifyRsaSha1(large.der, random, signRsaSha1(large.privateKeyPem, random)!)).toBe(false);
  });
});

describe('who signed a certificate', () => {
  test('is known by name and by key', async () => {
    const namesake = await makeCertificate({ name: authority.name });
    expect(isSignedBy(user.der, authority.der)).toBe(true);
    expect(isSignedBy(user.der, namesake.der)).toBe(false);
    expect(isSignedBy(authority.der, user.der)).toBe(false);
    expect(isSignedBy(authority.der, authority.der)).toBe(true);
  });
});

describe('private keys', () => {
  test('move as PKCS#1 where they are RSA', () => {
    const der = privateKeyDer(user.privateKeyPem);
    expect(createPrivateKey({ key: der!, format: 'der', type: 'pkcs1' }).asymmetricKeyType).toBe('rsa');
    expect(privateKeyPem(der!)).toBe(privateKeyPem(user.privateKeyPem));
    expect(privateKeyDer(der!)).toEqual(der);
  });

  test('move as SEC 1 where they are elliptic', () => {
    const der = privateKeyDer(elliptic.privateKeyPem);
    expect(createPrivateKey({ key: der!, format: 'der', type: 'sec1' }).asymmetricKeyType).toBe('ec');
    expect(isKeyOf(elliptic.der, der!)).toBe(true);
  });

  test('are told from those of others', () => {
    expect(isKeyOf(user.der, user.privateKeyPem)).toBe(true);
    expect(isKeyOf(user.der, authority.privateKeyPem)).toBe(false);
    expect(isKeyOf(user.der, elliptic.privateKeyPem)).toBe(false);
  });

  test.each(['', 'nonsense', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
    '"%s" is none',
    (text) => {
      expect(privateKeyDer(text)).toBeUndefined();
      expect(privateKeyPem(text)).toBeUndefined();
      expect(signRsaSha1(text, random)).toBeUndefined();
      expect(signSha256(text, random)).toBeUndefined();
    },
  );

  test('sign with SHA-256, whatever their kind, for their own certificate', () => {
    for (const { privateKeyPem: key, der } of [user, elliptic]) {
      const signature = signSha256(key, random)!;
      expect(verifySha256(der, random, signature)).toBe(true);
      expect(verifySha256(der, Buffer.concat([random, random]), signature)).toBe(false);
      expect(verifySha256(authority.der, random, signature)).toBe(false);
      expect(verifySha256(der, random, signature.subarray(1))).toBe(false);
      expect(verifySha256(Buffer.from('nonsense'), random, signature)).toBe(false);
    }
  });
});

describe('serial numbers', () => {
  test('are compared as people type them', () => {
    expect(['00:AB:12', 'ab12', ' 0 A B 1 2 ', '0xab12'].map(plainHex)).toEqual(['ab12', 'ab12', 'ab12', 'xab12']);
    expect(plainHex('00')).toBe('0');
  });
});
