import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hashHex, type DigestHash } from '#base';
import { passwordHashes } from '#sip';
import { digestResponse, methodHash } from '../../../src/sip/accounts/digest.ts';

interface Vector {
  readonly source: string;
  readonly hash: DigestHash;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop?: 'auth';
  readonly response: string;
}

const vectors = JSON.parse(readFileSync('test/vectors/sip/digest.json', 'utf8')) as readonly Vector[];

describe('a digest', () => {
  test.each(vectors)('is that of $source', ({ hash, user, realm, password, method, uri, qop, response, ...rest }) => {
    const ha1 = hashHex(hash, `${user}:${realm}:${password}`);
    expect(digestResponse(hash, ha1, { ...rest, uri, qop }, methodHash(hash, method, uri))).toBe(response);
  });

  test('with auth-int covers the body', () => {
    const one = methodHash('md5', 'INVITE', 'sip:b', hashHex('md5', 'v=0'));
    expect(one).toBe(hashHex('md5', `INVITE:sip:b:${hashHex('md5', 'v=0')}`));
    expect(one).not.toBe(methodHash('md5', 'INVITE', 'sip:b'));
  });

  test('needs only what is kept of a password', () => {
    const { ha1Md5, ha1Sha256 } = passwordHashes('Mufasa', 'testrealm@host.com', 'Circle Of Life');
    expect(ha1Md5).toBe('939e7578ed9e3c518a452acee763bce9');
    expect(ha1Sha256).toBe(hashHex('sha256', 'Mufasa:testrealm@host.com:Circle Of Life'));
  });
});
