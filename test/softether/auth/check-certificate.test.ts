import { signRsaSha1 } from '#base';
import type { UserAuth } from '#hub';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkCertificate } from '../../../src/softether/auth/check-certificate.ts';
import { checkLogin } from '../../../src/softether/auth/check-login.ts';
import type { LoginFailure } from '../../../src/softether/auth/verdict.ts';
import { makeCertificate, type CertificateWish, type MadeCertificate } from '../../base/make-certificate.ts';
import { checkOf, nowMs, passwordUser, random, userWith } from './records.ts';

let authority: MadeCertificate;
let otherAuthority: MadeCertificate;
let alice: MadeCertificate;
let stranger: MadeCertificate;

beforeAll(async () => {
  authority = await makeCertificate({ name: 'CN=Authority' });
  otherAuthority = await makeCertificate({ name: 'CN=Other' });
  alice = await makeCertificate({ name: 'CN=alice', serialHex: '0AB1', issuer: authority });
  stranger = await makeCertificate({ name: 'CN=alice', serialHex: '0AB1' });
});

const equal = (certificate: MadeCertificate): UserAuth => ({
  kind: 'userCertificate',
  certificate: certificate.der.toString('base64'),
});
const signed = (commonName: string, serial: string): UserAuth => ({ kind: 'signedCertificate', commonName, serial });

function check(certificate: MadeCertificate, auth: UserAuth | undefined, atMs = nowMs): LoginFailure | undefined {
  return checkCertificate({
    user: auth === undefined ? undefined : userWith(auth),
    certificate: certificate.der,
    signature: signRsaSha1(certificate.privateKeyPem, random) ?? Buffer.alloc(0),
    random,
    nowMs: atMs,
    authorities: [otherAuthority.der, authority.der],
  });
}

describe('a user with a certificate of his own', () => {
  test('is let in with it and its key', () => {
    expect(check(alice, equal(alice))).toBeUndefined();
    const proof = {
      kind: 'certificate',
      certificate: alice.der,
      signature: signRsaSha1(alice.privateKeyPem, random)!,
    } as const;
    expect(checkLogin(checkOf({ user: userWith(equal(alice)), proof }))).toMatchObject({ ok: true, userName: 'alice' });
    expect(checkLogin(checkOf({ user: userWith(equal(stranger)), proof }))).toMatchObject({ ok: false, error: 9 });
  });

  test('is not let in with another, even of the same name', () => {
    expect(check(stranger, equal(alice))).toBe('otherCertificate');
  });

  test('is not let in without the key', () => {
    const question = { user: userWith(equal(alice)), certificate: alice.der, random, nowMs, authorities: [] };
    expect(checkCertificate({ ...question, signature: Buffer.alloc(256) })).toBe('badSignature');
    expect(checkCertificate({ ...question, signature: Buffer.alloc(0) })).toBe('badSignature');
    const ofStranger = signRsaSha1(stranger.privateKeyPem, random)!;
    expect(checkCertificate({ ...question, signature: ofStranger })).toBe('badSignature');
    const overOther = signRsaSha1(alice.privateKeyPem, Buffer.alloc(20))!;
    expect(checkCertificate({ ...question, signature: overOther })).toBe('badSignature');
  });
});

describe('a user with a certificate that an authority of the hub signed', () => {
  test('is let in with any, or with that of a name or a serial number', () => {
    for (const auth of [signed('', ''), signed('ALICE', ''), signed('', '0a:b1'), signed('alice', '0AB1')]) {
      expect(check(alice, auth)).toBeUndefined();
    }
  });

  test('is not let in with another name, serial number or signer', () => {
    expect(check(alice, signed('bob', ''))).toBe('otherCommonName');
    expect(check(alice, signed('', '0AB2'))).toBe('otherSerialNumber');
    expect(check(stranger, signed('alice', '0AB1'))).toBe('certificateNotSigned');
  });
});

describe('a certificate', () => {
  test('is good from its first to its last moment', () => {
    const [first, last] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];
    expect([first - 1, first, last, last + 1].map((at) => check(alice, equal(alice), at))).toEqual([
      'certificateNotValidNow',
      undefined,
      undefined,
      'certificateNotValidNow',
    ]);
  });

  test('may have been revoked', () => {
    const question = {
      user: userWith(equal(alice)),
      certificate: alice.der,
      signature: signRsaSha1(alice.privateKeyPem, random)!,
      random,
      nowMs,
      authorities: [],
    };
    expect(checkCertificate({ ...question, isRevoked: ({ serialHex }) => serialHex === 'ab1' })).toBe(
      'certificateRevoked',
    );
    expect(checkCertificate({ ...question, isRevoked: () => false })).toBeUndefined();
  });

  test('is of no use to users who log in otherwise, or whom nobody knows', () => {
    expect(check(alice, passwordUser('x').auth)).toBe('wrongKindOfProof');
    expect(check(alice, undefined)).toBe('unknownUser');
  });

  test('with an elliptic key cannot be used: clients sign with RSA', async () => {
    const wish: CertificateWish = { name: 'CN=alice', key: 'ec' };
    const elliptic = await makeCertificate(wish);
    expect(check(elliptic, equal(elliptic))).toBe('badSignature');
  });

  test('that is none is refused', () => {
    const question = { user: userWith(equal(alice)), signature: Buffer.alloc(256), random, nowMs, authorities: [] };
    expect(checkCertificate({ ...question, certificate: Buffer.alloc(0) })).toBe('badCertificate');
    expect(checkCertificate({ ...question, certificate: alice.der.subarray(1) })).toBe('badCertificate');
  });
});
