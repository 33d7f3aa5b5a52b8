import { administratorPolicy, defaultPolicy, type UserRecord } from '#hub';
import { describe, expect, test } from 'vitest';
import { checkLogin } from '../../../src/softether/auth/check-login.ts';
import type { ExternalAnswer, ExternalQuestion } from '../../../src/softether/auth/external-authenticator.ts';
import { securePassword, userPasswordHash } from '../../../src/softether/auth/password-hash.ts';
import type { LoginProof } from '../../../src/softether/codec/login-proof.ts';
import { checkOf, hubWith, nowMs, passwordUser, random, userWith } from './records.ts';

const secure = (password: string, userName = 'alice'): LoginProof => ({
  kind: 'password',
  secure: securePassword(userPasswordHash(password, userName), random),
});
const plain = (password: string): LoginProof => ({ kind: 'plainPassword', password });
const refused = (error: number, reason: string): object => ({ ok: false, error, reason });

describe('an anonymous user', () => {
  test('is let in, whatever proof comes', () => {
    const user = userWith({ kind: 'anonymous' });
    const proofs: LoginProof[] = [
      { kind: 'anonymous' },
      plain('x'),
      secure('x'),
      { kind: 'unsupported', authType: 98 },
    ];
    for (const proof of proofs)
      expect(checkLogin(checkOf({ user, proof }))).toMatchObject({ ok: true, userName: 'alice' });
  });

  test('is one by his record, not by his wish', () => {
    expect(checkLogin(checkOf({ user: passwordUser('secret') }))).toEqual(refused(9, 'wrongKindOfProof'));
    expect(checkLogin(checkOf({}))).toEqual(refused(9, 'unknownUser'));
  });
});

describe('a user with a password', () => {
  const user = passwordUser('secret');

  test('is let in with the proof for this connection', () => {
    expect(checkLogin(checkOf({ user, proof: secure('secret') }))).toEqual({
      ok: true,
      userName: 'alice',
      realUserName: 'Alice',
      isAdministrator: false,
      user,
      policy: defaultPolicy,
    });
  });

  test('is let in with the captured proof of a real client', () => {
    const captured = Buffer.from('92d633d580489e3cb174f3bf2e97b73e11d47eb3', 'hex');
    const check = checkOf({
      userName: 'user1',
      user: passwordUser('pass1', { name: 'user1' }),
      proof: { kind: 'password', secure: captured },
    });
    expect(checkLogin(check)).toMatchObject({ ok: true, userName: 'user1' });
  });

  test('is not let in with another password, another random, or a proof of another size', () => {
    expect(checkLogin(checkOf({ user, proof: secure('Secret') }))).toEqual(refused(9, 'wrongPassword'));
    expect(checkLogin(checkOf({ user, proof: secure('secret'), random: Buffer.alloc(20) }))).toEqual(
      refused(9, 'wrongPassword'),
    );
    for (const size of [0, 19, 21, 5000]) {
      expect(checkLogin(checkOf({ user, proof: { kind: 'password', secure: Buffer.alloc(size) } }))).toMatchObject({
        error: 9,
      });
    }
  });

  test('is let in with the password in clear', () => {
    expect(checkLogin(checkOf({ user, proof: plain('secret') }))).toMatchObject({ ok: true });
    expect(checkLogin(checkOf({ user, proof: plain('Secret') }))).toEqual(refused(9, 'wrongPassword'));
  });

  test('is let in with a password in clear that was hashed in a code page', () => {
    const hashedKey = userPasswordHash(Buffer.from('Gr\xfc\xdfe', 'latin1'), 'alice').toString('hex');
    const windowsUser = userWith({ kind: 'password', hashedKey, ntHash: '' });
    expect(checkLogin(checkOf({ user: windowsUser, proof: plain('Grüße') }))).toMatchObject({ ok: true });
    expect(checkLogin(checkOf({ user: passwordUser('Grüße'), proof: plain('Grüße') }))).toMatchObject({ ok: true });
    // Characters beyond the code page must not match by their lower bits
    expect(checkLogin(checkOf({ user: windowsUser, proof: plain('Gr\u01fc\u01dfe') }))).toMatchObject({ ok: false });
  });

  test('whose record is damaged is not let in with anything', () => {
    const damaged = userWith({ kind: 'password', hashedKey: 'oops', ntHash: '' });
    const zeros: LoginProof = { kind: 'password', secure: securePassword(Buffer.alloc(20), random) };
    expect(checkLogin(checkOf({ user: damaged, proof: zeros }))).toMatchObject({ ok: false });
    expect(checkLogin(checkOf({ user: undefined, proof: zeros }))).toEqual(refused(9, 'unknownUser'));
  });

  test('is not let in with another kind of proof', () => {
    const certificate: LoginProof = { kind: 'certificate', certificate: Buffer.alloc(9), signature: Buffer.alloc(9) };
    expect(checkLogin(checkOf({ user, proof: certificate }))).toEqual(refused(9, 'badCertificate'));
    expect(checkLogin(checkOf({ user, proof: { kind: 'ticket', ticket: Buffer.alloc(20) } }))).toEqual(
      refused(9, 'wrongTicket'),
    );
    expect(checkLogin(checkOf({ user, proof: { kind: 'unsupported', authType: 98 } }))).toEqual(
      refused(7, 'unknownKindOfProof'),
    );
  });
});

describe('an empty password', () => {
  const user = passwordUser('');

  test('is good from anywhere unless the hub denies it', () => {
    expect(checkLogin(checkOf({ user, proof: secure('') }))).toMatchObject({ ok: true });
    for (const proof of [secure(''), plain('')]) {
      expect(checkLogin(checkOf({ user, proof, denyEmptyPassword: true }))).toEqual(
        refused(51, 'emptyPasswordFromOutside'),
      );
      expect(checkLogin(checkOf({ user, proof, denyEmptyPassword: true, isFromLoopback: true }))).toMatchObject({
        ok: true,
      });
    }
  });

  test('is not spoken of to somebody who does not know it', () => {
    expect(checkLogin(checkOf({ user, proof: secure('x'), denyEmptyPassword: true }))).toMatchObject({ error: 9 });
  });
});

describe("the hub's administrator", () => {
  const administrator = { userName: 'Administrator', proof: secure('hubsecret', 'administrator') };

  test("is let in with the hub's password, and may do what administrators may", () => {
    expect(checkLogin(checkOf(administrator))).toEqual({
      ok: true,
      userName: 'administrator',
      realUserName: 'administrator',
      isAdministrator: true,
      user: undefined,
      policy: administratorPolicy,
    });
    expect(checkLogin(checkOf({ ...administrator, hub: hubWith('other') }))).toEqual(refused(9, 'wrongPassword'));
  });

  test('with an empty password is let in from loopback only', () => {
    const empty = { ...administrator, proof: secure('', 'administrator') };
    for (const hub of [
      hubWith(''),
      { ...hubWith(''), securePassword: '0'.repeat(40) },
      { ...hubWith(''), securePassword: '' },
    ]) {
      expect(checkLogin(checkOf({ ...empty, hub }))).toEqual(refused(51, 'emptyPasswordFromOutside'));
      expect(checkLogin(checkOf({ ...empty, hub, isFromLoopback: true }))).toMatchObject({ isAdministrator: true });
    }
  });

  test('is nobody with another kind of proof', () => {
    expect(checkLogin(checkOf({ ...administrator, proof: plain('hubsecret') }))).toEqual(refused(9, 'unknownUser'));
  });
});

describe('an account', () => {
  test('that has expired is denied, but only to somebody with the right proof', () => {
    const expired = passwordUser('secret', { expiresAtMs: nowMs });
    expect(checkLogin(checkOf({ user: expired, proof: secure('secret') }))).toEqual(refused(12, 'expired'));
    expect(checkLogin(checkOf({ user: expired, proof: secure('x') }))).toEqual(refused(9, 'wrongPassword'));
    const later = passwordUser('secret', { expiresAtMs: nowMs + 1 });
    expect(checkLogin(checkOf({ user: later, proof: secure('secret') }))).toMatchObject({ ok: true });
  });

  test('without access is denied', () => {
    const user = passwordUser('secret', { policy: { ...defaultPolicy, Access: false } });
    expect(checkLogin(checkOf({ user, proof: secure('secret') }))).toEqual(refused(12, 'accessDenied'));
    const anonymous = userWith({ kind: 'anonymous' }, { policy: { ...defaultPolicy, Access: false } });
    expect(checkLogin(checkOf({ user: anonymous }))).toEqual(refused(12, 'accessDenied'));
  });
});

describe('a user whom RADIUS or a domain knows', () => {
  const radius = userWith({ kind: 'radius', radiusName: 'alice@example' });
  const domain = userWith({ kind: 'ntDomain', ntName: '' });
  const anyUser = userWith({ kind: 'radius', radiusName: '' }, { name: '*' });

  function asked(
    answer: ExternalAnswer | Error,
    user: UserRecord | undefined,
  ): Promise<{ verdict: unknown; questions: ExternalQuestion[] }> {
    const questions: ExternalQuestion[] = [];
    const external = {
      authenticate: (question: ExternalQuestion): Promise<ExternalAnswer> => {
        questions.push(question);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    const verdict = checkLogin(checkOf({ user, anyUser, external, proof: plain('secret') }));
    return Promise.resolve(verdict).then((value) => ({ verdict: value, questions }));
  }

  test('is asked for under the name of the record, or the typed one', async () => {
    expect(await asked('accepted', radius)).toMatchObject({
      verdict: { ok: true, userName: 'alice', realUserName: 'Alice' },
      questions: [{ hubName: 'DEFAULT', kind: 'radius', userName: 'alice@example', password: 'secret' }],
    });
    expect((await asked('accepted', domain)).questions).toMatchObject([{ kind: 'ntDomain', userName: 'ALICE' }]);
  });

  test('may have no record but that of *', async () => {
    expect(await asked('accepted', undefined)).toMatchObject({
      verdict: { ok: true, userName: 'alice', realUserName: '*' },
      questions: [{ kind: 'radius', userName: 'ALICE' }],
    });
  });

  test('is refused where the answer is no, none, or does not come', async () => {
    expect((await asked('refused', radius)).verdict).toEqual(refused(9, 'externalRefused'));
    expect((await asked('unsupported', radius)).verdict).toEqual(refused(9, 'externalUnsupported'));
    expect((await asked(new Error('no route'), radius)).verdict).toEqual(refused(9, 'externalUnavailable'));
    expect(checkLogin(checkOf({ user: radius, proof: plain('secret') }))).toEqual(refused(9, 'externalUnsupported'));
  });

  test('is not asked for where a local user has his own password', async () => {
    expect(await asked('accepted', passwordUser('other'))).toMatchObject({
      verdict: { ok: false, error: 9 },
      questions: [],
    });
  });

  test('with an account that has expired is denied after all', async () => {
    const expired = { ...radius, expiresAtMs: 1 };
    expect((await asked('accepted', expired)).verdict).toEqual(refused(12, 'expired'));
  });
});
