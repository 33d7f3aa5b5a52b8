import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isKeyOf, isSignedBy } from '#base';
import { createNodeAuthorities, createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';

const authorities = createNodeAuthorities(createNodeClock());
const DAY_MS = 86_400_000;
const authority = authorities.makeAuthority({ commonName: 'hubfarm cluster 1', validMs: 3650 * DAY_MS });
const names = { commonName: 'host1', dnsNames: ['host1', 'localhost'], addresses: ['192.0.2.1', '2001:db8::1'] };

describe('a certificate authority', () => {
  test('signs itself with ECDSA P-256, and signs nothing that signs', async () => {
    const own = await authority;
    const certificate = new X509Certificate(own.certificatePem);
    expect(certificate.subject).toBe('CN=hubfarm cluster 1');
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(createPrivateKey(own.privateKeyPem).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  test('signs what was asked for with the names that it is told, not with those of the request', async () => {
    const own = await authority;
    const { requestDer, privateKeyPem } = await authorities.makeRequest('somebody else');
    const pem = await authorities.sign({ authority: own, requestDer, ...names, validMs: 90 * DAY_MS });
    const certificate = new X509Certificate(pem);
    expect(certificate.subject).toBe('CN=host1');
    expect(certificate.issuer).toBe('CN=hubfarm cluster 1');
    expect(certificate.subjectAltName).toBe(
      'DNS:host1, DNS:localhost, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
    );
    expect(certificate.ca).toBe(false);
    expect(isSignedBy(Buffer.from(pem), Buffer.from(own.certificatePem))).toBe(true);
    expect(isKeyOf(Buffer.from(pem), privateKeyPem)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect((certificate.validToDate.getTime() - Date.now()) / DAY_MS).toBeCloseTo(90, 2);
    expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now() - 50 * 60_000);
  });

  test('signs for no longer than it is valid itself', async () => {
    const short = await authorities.makeAuthority({ commonName: 'short', validMs: DAY_MS });
    const { requestDer } = await authorities.makeRequest('host1');
    const pem = await authorities.sign({ authority: short, requestDer, ...names, validMs: 90 * DAY_MS });
    expect(new X509Certificate(pem).validTo).toBe(new X509Certificate(short.certificatePem).validTo);
  });

  test('goes by the clock that it was given', async () => {
    const clock = new VirtualClock();
    const own = await createNodeAuthorities(clock).makeAuthority({ commonName: 'then', validMs: DAY_MS });
    const until = new X509Certificate(own.certificatePem).validToDate.getTime();
    expect(Math.abs(until - clock.wallMs() - DAY_MS)).toBeLessThan(1_000);
  });

  test('refuses requests that are cut, changed, too long, or of another kind of key', async () => {
    const own = await authority;
    const { requestDer } = await authorities.makeRequest('host1');
    const changed = Buffer.from(requestDer);
    changed[changed.length - 5]! ^= 1;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' });
    for (const bad of [requestDer.subarray(0, 100), changed, Buffer.alloc(0), rsa, Buffer.alloc(5_000)]) {
      const signed = authorities.sign({ authority: own, requestDer: bad, ...names, validMs: DAY_MS });
      await expect(signed).rejects.toMatchObject({ code: 'BAD_IDENTITY' });
    }
  });
});
