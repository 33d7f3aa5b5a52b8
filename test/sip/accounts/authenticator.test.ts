import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HeaderId } from '#sip';
import type { AuthVerdict } from '../../../src/sip/accounts/authenticator.ts';
import { NonceMaker } from '../../../src/sip/accounts/nonce.ts';
import {
  accountRecord,
  domain,
  openAccounts,
  proofOf,
  requestOf,
  type AccountFixture,
  type ProofOptions,
} from './account-fixture.ts';

let fixture: AccountFixture;
beforeEach(async () => void (fixture = await openAccounts()));
afterEach(() => fixture.close());

const from = (remoteAddress: string): { readonly remoteAddress: string } => ({ remoteAddress });

function verify(lines: readonly string[], address = '192.0.2.7', method = 'REGISTER'): AuthVerdict {
  return fixture.authenticator.verify(requestOf(method, lines), from(address), method === 'REGISTER' ? 'www' : 'proxy');
}

/** Of a challenge that was just got. */
function freshNonce(address?: string): string {
  const verdict = verify([], address);
  if (verdict.kind !== 'challenge') throw new Error(`not challenged but ${verdict.kind}`);
  return /nonce="([^"]+)"/.exec(verdict.headers[0]![1])![1]!;
}

describe('a request without credentials', () => {
  test('is challenged with every algorithm, the best first (RFC 8760 §2.4)', () => {
    const verdict = verify([]);
    expect(verdict).toMatchObject({ kind: 'challenge', status: 401, isStale: false });
    const headers = verdict.kind === 'challenge' ? verdict.headers : [];
    expect(headers.map(([id]) => id)).toEqual([HeaderId.WwwAuthenticate, HeaderId.WwwAuthenticate]);
    expect(headers.map(([, value]) => /algorithm=([^,]+)/.exec(value)?.[1])).toEqual(['SHA-256', 'MD5']);
    for (const [, value] of headers) {
      expect(value).toMatch(/^Digest realm="example\.org", nonce="[0-9a-f]{48}", algorithm=\S+, qop="auth"$/);
    }
  });

  test('that others shall get is challenged as a proxy does', () => {
    expect(verify([], '192.0.2.7', 'INVITE')).toMatchObject({ kind: 'challenge', status: 407 });
  });

  test('for a domain of others is refused', () => {
    const verdict = fixture.authenticator.verify(requestOf('REGISTER'), from('192.0.2.7'), 'www', 'elsewhere.test');
    expect(verdict).toMatchObject({ kind: 'refused', status: 403 });
  });

  test('with credentials of another realm or algorithm is challenged', () => {
    const proof = proofOf(freshNonce());
    expect(verify([proof.replace('realm="example.org"', 'realm="example.net"')]).kind).toBe('challenge');
    expect(verify([proof.replace('algorithm=MD5', 'algorithm=SHA-512')]).kind).toBe('challenge');
    expect(fixture.authenticator.counters).toMatchObject({ failed: 0, challenged: 3 });
  });
});

describe('where all algorithms are offered', () => {
  beforeEach(async () => {
    await fixture.close();
    fixture = await openAccounts(['SHA-512-256', 'SHA-256', 'MD5'], true);
  });

  test('the challenge says so, and that users may be hidden (RFC 7616 §3.3)', () => {
    const verdict = verify([]);
    const values = verdict.kind === 'challenge' ? verdict.headers.map(([, value]) => value) : [];
    expect(values.map((value) => /algorithm=([^,]+)/.exec(value)?.[1])).toEqual(['SHA-512-256', 'SHA-256', 'MD5']);
    for (const value of values) expect(value).toMatch(/, qop="auth", userhash=true$/);
  });

  test.each(['SHA-512-256', 'SHA-256', 'MD5'] as const)(
    '%s proves the password, also of a hidden user',
    (algorithm) => {
      for (const hidesUser of [false, true]) {
        expect(verify([proofOf(freshNonce(), { algorithm, hidesUser })])).toMatchObject({
          kind: 'ok',
          account: { aor: 'alice@example.org' },
        });
        expect(verify([proofOf(freshNonce(), { algorithm, hidesUser, password: 'wrong' })]).kind).toBe('challenge');
      }
    },
  );

  test('accounts that come and go are known by their hashes, too', async () => {
    const hidden = (): AuthVerdict['kind'] =>
      verify([proofOf(freshNonce(), { user: 'carol', algorithm: 'SHA-512-256', hidesUser: true })]).kind;
    expect(hidden()).toBe('challenge');
    await fixture.directory.createAccount(domain, accountRecord('carol'));
    expect(hidden()).toBe('ok');
    await fixture.directory.deleteAccount(domain, 'carol');
    expect(hidden()).toBe('challenge');
  });

  test('who guesses at a hidden user is kept out as who says it', () => {
    const guess = (hidesUser: boolean): AuthVerdict =>
      verify([proofOf(freshNonce(), { password: 'wrong', hidesUser })]);
    for (let count = 0; count < 5; count++) for (const hidesUser of [false, true]) guess(hidesUser);
    expect(guess(true)).toMatchObject({ kind: 'refused' });
    expect(guess(false)).toMatchObject({ kind: 'refused' });
  });
});

test('a hidden user is nobody where that is not offered', () => {
  expect(verify([proofOf(freshNonce(), { hidesUser: true })]).kind).toBe('challenge');
  expect(fixture.authenticator.counters.failed).toBe(1);
});

describe('credentials', () => {
  test.each(['MD5', 'SHA-256'] as const)('that prove the password by %s are accepted', (algorithm) => {
    expect(verify([proofOf(freshNonce(), { algorithm })])).toMatchObject({
      kind: 'ok',
      account: { aor: 'alice@example.org' },
    });
  });

  test('of the user with its domain prove the password by MD5, and by nothing that is not kept', async () => {
    const long = `alice@${domain}`;
    const proof = (options: ProofOptions = {}): AuthVerdict =>
      verify([proofOf(freshNonce(), { user: long, password: 'alice-secret', ...options })]);
    expect(proof()).toMatchObject({ kind: 'ok', account: { aor: long } });
    expect(proof({ password: 'wrong' }).kind).toBe('challenge');
    expect(proof({ algorithm: 'SHA-256' }).kind).toBe('challenge');
    expect(proof({ user: 'alice@example.net' }).kind).toBe('challenge');
    // Made before that hash was kept.
    await fixture.directory.updateAccount(domain, 'alice', () => ({ ha1bMd5: '' }));
    expect(proof().kind).toBe('challenge');
    expect(verify([proofOf(freshNonce())]).kind).toBe('ok');
  });

  test('of the user with its domain count as its own where somebody guesses', () => {
    const guess = (user: string): AuthVerdict => verify([proofOf(freshNonce(), { user, password: 'wrong' })]);
    for (let count = 0; count < 5; count++) for (const user of ['alice', `alice@${domain}`]) guess(user);
    expect(guess('alice')).toMatchObject({ kind: 'refused' });
  });

  test('of another protection space beside the right ones do no harm', () => {
    const other = proofOf('x').replace('realm="example.org"', 'realm="elsewhere"');
    expect(verify([other, proofOf(freshNonce())]).kind).toBe('ok');
  });

  test('without a quality of protection are good once for a nonce', () => {
    const proof = proofOf(freshNonce(), { qop: undefined });
    expect(verify([proof]).kind).toBe('ok');
    expect(verify([proof])).toMatchObject({ kind: 'challenge', isStale: true });
  });

  test('over the body, too, are accepted', () => {
    const body = 'v=0';
    const proof = proofOf(freshNonce(), { qop: 'auth-int', body });
    const check = (sent: string): AuthVerdict['kind'] =>
      fixture.authenticator.verify(requestOf('REGISTER', [proof], { body: sent }), from('192.0.2.7'), 'www').kind;
    expect(check('v=1')).toBe('challenge');
    expect(check(body)).toBe('ok');
  });

  test('of the proxy kind are in a field of their own', () => {
    const nonce = freshNonce();
    const invite = { method: 'INVITE' };
    expect(verify([proofOf(nonce, invite)], '192.0.2.7', 'INVITE').kind).toBe('challenge');
    expect(verify([proofOf(nonce, { ...invite, header: 'Proxy-Authorization' })], '192.0.2.7', 'INVITE').kind).toBe(
      'ok',
    );
  });

  test('of a disabled account are refused, but only with the right password', async () => {
    await fixture.directory.updateAccount(domain, 'alice', () => ({ isEnabled: false }));
    expect(verify([proofOf(freshNonce(), { password: 'wrong' })]).kind).toBe('challenge');
    expect(verify([proofOf(freshNonce())])).toMatchObject({ kind: 'refused', reason: 'Account is disabled' });
  });

  test('of an alias do not count: the hash is over the account’s own user', async () => {
    await fixture.directory.updateAccount(domain, 'alice', () => ({ aliases: ['sales'] }));
    expect(verify([proofOf(freshNonce(), { user: 'sales', password: 'alice-secret' })]).kind).toBe('challenge');
    expect(fixture.authenticator.counters.failed).toBe(1);
  });

  test('of an account without a password, or only with that of another algorithm, are wrong', async () => {
    await fixture.directory.createAccount(domain, accountRecord('none', { ha1Md5: '', ha1Sha256: '' }));
    for (const algorithm of ['MD5', 'SHA-256'] as const) {
      expect(verify([proofOf(freshNonce(), { user: 'none', password: '', algorithm })]).kind).toBe('challenge');
    }
    await fixture.directory.createAccount(domain, accountRecord('old', { ha1Sha256: '' }));
    expect(verify([proofOf(freshNonce(), { user: 'old', algorithm: 'SHA-256' })]).kind).toBe('challenge');
    expect(verify([proofOf(freshNonce(), { user: 'old' })]).kind).toBe('ok');
  });

  test('with a response in capitals, a bad count or an unknown protection are judged as they are', () => {
    const proof = proofOf(freshNonce());
    expect(verify([proof.replace(/nc=\d+/, 'nc=1')]).kind).toBe('challenge');
    expect(verify([proof.replace('qop=auth', 'qop=other')]).kind).toBe('challenge');
    expect(
      verify([proof.replace(/response="([^"]+)"/, (_, text: string) => `response="${text.toUpperCase()}"`)]).kind,
    ).toBe('ok');
  });
});

describe('a nonce', () => {
  test('is good for each count once: what comes again is stale', () => {
    const nonce = freshNonce();
    expect(verify([proofOf(nonce)]).kind).toBe('ok');
    expect(verify([proofOf(nonce)])).toMatchObject({ kind: 'challenge', isStale: true });
    expect(verify([proofOf(nonce, { nc: 3 })]).kind).toBe('ok');
    expect(verify([proofOf(nonce, { nc: 2 })]).kind).toBe('ok');
  });

  test('of another member is good for its first count, in its own call, for seconds (RFC 7616 §5.4, replay)', async () => {
    const other = new NonceMaker(Buffer.alloc(32, 1), Buffer.from('00000002', 'hex'), 300);
    const made = (): string => other.make(domain, fixture.clock.wallMs(), 'c1');
    const kindOf = (verdict: AuthVerdict): string =>
      verdict.kind === 'challenge' && verdict.isStale ? 'stale' : verdict.kind;
    const nonce = made();
    expect(kindOf(verify([proofOf(nonce)]))).toBe('ok');
    expect(kindOf(verify([proofOf(nonce)]))).toBe('stale');
    expect(kindOf(verify([proofOf(made(), { nc: 2 })]))).toBe('stale');
    const elsewhere = requestOf('REGISTER', [proofOf(made())], { callId: 'another' });
    expect(kindOf(fixture.authenticator.verify(elsewhere, from('192.0.2.7'), 'www'))).toBe('stale');
    const late = made();
    await fixture.clock.run(11_000);
    expect(kindOf(verify([proofOf(late)]))).toBe('stale');
    // Its own ones may be used on, in any call.
    const own = freshNonce();
    await fixture.clock.run(100_000);
    const later = requestOf('REGISTER', [proofOf(own, { nc: 2 })], { callId: 'another' });
    expect(kindOf(fixture.authenticator.verify(later, from('192.0.2.7'), 'www'))).toBe('ok');
  });

  test('that is too old is stale if the password was right, so nobody is asked again for it', () => {
    const nonce = freshNonce();
    fixture.clock.advance(301_000);
    const verdict = verify([proofOf(nonce)]);
    expect(verdict).toMatchObject({ kind: 'challenge', isStale: true });
    expect(verdict.kind === 'challenge' && verdict.headers[0]![1]).toMatch(/, stale=true$/);
    expect(verify([proofOf(nonce, { password: 'wrong' })])).toMatchObject({ kind: 'challenge', isStale: false });
  });

  test('that is not ours tells nothing about the password, and counts as no failure', () => {
    for (const password of ['alice-secret', 'wrong']) {
      expect(verify([proofOf('0'.repeat(48), { password })])).toMatchObject({ kind: 'challenge', isStale: true });
    }
    expect(fixture.authenticator.counters.failed).toBe(0);
  });
});

describe('who guesses passwords', () => {
  const guess = (user: string, address: string): AuthVerdict =>
    verify([proofOf(freshNonce('198.51.100.99'), { user, password: 'wrong' })], address);

  test('is kept out from one address after ten failures, and is seen by the administrator, who lets in again', () => {
    for (let failure = 0; failure < 10; failure++) expect(guess('alice', '198.51.100.1').kind).toBe('challenge');
    expect(guess('alice', '198.51.100.1')).toMatchObject({ kind: 'refused', status: 403 });
    expect(verify([proofOf(freshNonce('198.51.100.99'))], '198.51.100.1').kind).toBe('refused');
    expect(fixture.guard.bans()).toMatchObject([
      { kind: 'userAtAddress', address: '198.51.100.1', user: 'alice@example.org' },
    ]);
    expect(verify([proofOf(freshNonce('198.51.100.99'))], '198.51.100.2').kind).toBe('ok');
    expect(fixture.guard.lift('alice@example.org')).toBe(true);
    expect(verify([proofOf(freshNonce('198.51.100.99'))], '198.51.100.1').kind).toBe('ok');
  });

  test('with many names is kept out altogether, whether the names exist or not', () => {
    for (let failure = 0; failure < 50; failure++)
      expect(guess(`user${failure}`, '198.51.100.1').kind).toBe('challenge');
    expect(guess('bob', '198.51.100.1').kind).toBe('refused');
    expect(fixture.guard.bans()).toMatchObject([{ kind: 'address', address: '198.51.100.1' }]);
  });

  test('learns nothing from a stale nonce: that failure counts, too', () => {
    const nonce = freshNonce('198.51.100.99');
    fixture.clock.advance(400_000);
    for (let failure = 0; failure < 10; failure++) verify([proofOf(nonce, { password: 'wrong' })], '198.51.100.1');
    expect(verify([proofOf(nonce)], '198.51.100.1').kind).toBe('refused');
  });

  test('is let in again after five minutes', () => {
    for (let failure = 0; failure < 10; failure++) guess('alice', '198.51.100.1');
    fixture.clock.advance(301_000);
    expect(verify([proofOf(freshNonce('198.51.100.99'))], '198.51.100.1').kind).toBe('ok');
  });
});
