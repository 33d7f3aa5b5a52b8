import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LicenceDirectory } from '#admin';
import { openEmbedded, type Backplane, type Guard } from '#backplane';
import { silentLogger, verifyEd25519 } from '#base';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';
import { readLicence } from '../../../src/admin/licences/licence.ts';
import { openFixture, type Fixture } from '../fixture.ts';
import { callJson } from '../json-call.ts';
import { NOW_MS } from '../records.ts';

function issuerKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32) };
}

const issuer = issuerKeys();
const other = issuerKeys();

function issue(payload: object | string, { privateKey } = issuer): string {
  const json = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const head = `HF1.${Buffer.from(json).toString('base64url')}`;
  return `${head}.${sign(null, Buffer.from(head), privateKey).toString('base64url')}`;
}

test('Ed25519 signatures are checked as RFC 8032 §7.1 has them', () => {
  const publicKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
  const signature = Buffer.from(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    'hex',
  );
  expect(verifyEd25519(publicKey, Buffer.alloc(0), signature)).toBe(true);
  expect(verifyEd25519(publicKey, Buffer.of(1), signature)).toBe(false);
  expect(verifyEd25519(publicKey.subarray(1), Buffer.alloc(0), signature)).toBe(false);
  expect(verifyEd25519(publicKey, Buffer.alloc(0), Buffer.alloc(3))).toBe(false);
});

describe('a licence', () => {
  test('says what its issuer has signed', () => {
    const payload = {
      id: 'A-1',
      name: 'Example',
      edition: 'carrier',
      clients: 50,
      server: 'a',
      expiresAt: '2027-01-31',
    };
    expect(readLicence(`  ${issue(payload)}\n`, issuer.publicKey)).toEqual({
      kind: 'licence',
      licence: {
        id: 'A-1',
        name: 'Example',
        edition: 'carrier',
        clients: 50,
        bridges: 0,
        server: 'a',
        issuedAtMs: 0,
        expiresAtMs: Date.UTC(2027, 0, 31),
      },
    });
  });

  test.each([
    ['', /form/],
    ['HF1..', /form/],
    ['HF1.e30.AAAA', /signature/],
    [issue({ id: 'A' }, other), /signature/],
    [issue('[]'), /JSON object/],
    [issue('nonsense'), /JSON object/],
    [issue({}), /id/],
    [issue({ id: 'a b' }), /id/],
    [issue({ id: '../x' }), /id/],
    [issue({ id: 'A', edition: 'golden' }), /edition/],
    [issue({ id: 'A', clients: -1 }), /number/],
    [issue({ id: 'A', bridges: 1.5 }), /number/],
    [issue({ id: 'A', server: 7 }), /server/],
    [issue({ id: 'A', expiresAt: 'soon' }), /times/],
    [issue({ id: 'A', name: 'x'.repeat(101) }), /name/],
    [issue({ id: 'A', filler: 'x'.repeat(1000) }), /longer/],
  ])('%s is none', (text, reason) => {
    const reading = readLicence(text, issuer.publicKey);
    expect(reading).toMatchObject({ kind: 'bad', reason: expect.stringMatching(reason) as unknown });
  });

  test('of which one character is another one is none', () => {
    const text = issue({ id: 'A-1', clients: 10 });
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 2 }),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_', '.'),
        (at, character) => {
          fc.pre(text[at] !== character);
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          expect(readLicence(changed, issuer.publicKey).kind).toBe('bad');
        },
      ),
    );
    fc.assert(fc.property(fc.string(), (any) => readLicence(any, issuer.publicKey).kind === 'bad'));
  });
});

describe('the licences of a cluster', () => {
  let backplane: Backplane;
  let clock: VirtualClock;
  const opened: LicenceDirectory[] = [];

  beforeEach(async () => {
    backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
    clock = new VirtualClock(NOW_MS);
  });

  afterEach(async () => {
    for (const directory of opened.splice(0)) directory.close();
    await backplane.close();
  });

  async function open(server = 'a', options: { issuer?: Uint8Array; leadership?: () => Guard | undefined } = {}) {
    const directory = await LicenceDirectory.open({
      backplane,
      clock,
      logger: silentLogger,
      issuer: issuer.publicKey,
      server,
      ...options,
    });
    opened.push(directory);
    return directory;
  }

  describe('of a server that joins', () => {
    const enterprise = issue({ id: 'E-1', edition: 'enterprise' });

    test('must have one for clusters, that no other server has', async () => {
      const directory = await open('a');
      await directory.add(issue({ id: 'A-1', edition: 'carrier' }), 'a');
      expect(directory.problem('b', [])).toMatch(/"b" has none/);
      expect(directory.problem('b', [issue({ id: 'S-1', edition: 'standard' })])).toMatch(/"b" has none/);
      expect(directory.problem('b', [issue({ id: 'E-1', edition: 'enterprise' }, other)])).toMatch(/"b" has none/);
      expect(directory.problem('b', [issue({ id: 'E-1', edition: 'enterprise', expiresAt: '2001-01-01' })])).toMatch(
        /"b" has none/,
      );
      expect(directory.problem('b', [issue({ id: 'A-1', edition: 'carrier' })])).toMatch(/server "a".*server "b"/);
      expect(directory.problem('b', [issue({ id: 'C-1', edition: 'carrier', server: 'c' })])).toMatch(/"c", not "b"/);
      expect(directory.problem('b', [enterprise])).toBeUndefined();
    });

    test('become the cluster’s, once, and go when it goes', async () => {
      const directory = await open('a');
      const lines = [enterprise, issue({ id: 'X-1', clients: 5 }), 'nonsense', issue({ id: 'O-1', clients: 1 }, other)];
      await directory.adopt('b', lines);
      await directory.adopt('b', lines);
      expect(directory.list().map(({ licence, server }) => [licence.id, server])).toEqual([
        ['E-1', 'b'],
        ['X-1', 'b'],
      ]);
      // It comes back as itself, and brings nothing new.
      expect(directory.problem('b', [])).toBeUndefined();
      expect((await open('b')).ownLines()).toEqual([enterprise, lines[1]]);
      await directory.release('b');
      expect([directory.list(), directory.problem('b', [])]).toEqual([[], expect.stringMatching(/"b" has none/)]);
    });

    test('are not asked for where no issuer is trusted', async () => {
      const directory = await LicenceDirectory.open({
        ...{ backplane, clock, logger: silentLogger, issuer: undefined, server: 'a' },
      });
      opened.push(directory);
      expect(directory.problem('b', [enterprise])).toBeUndefined();
      await directory.adopt('b', [enterprise]);
      expect([directory.list(), directory.ownLines()]).toEqual([[], []]);
    });
  });

  test('are none, and nothing is limited, where no issuer is trusted', async () => {
    const directory = await LicenceDirectory.open({
      backplane,
      clock,
      logger: silentLogger,
      issuer: undefined,
      server: 'a',
    });
    expect(directory.limits()).toEqual({ client: Infinity, bridge: Infinity });
    expect([directory.edition(), directory.allowsClusters(), directory.maxSessions()]).toEqual([
      'carrier',
      true,
      100_000,
    ]);
    await expect(directory.add(issue({ id: 'A' }))).rejects.toMatchObject({ code: 'BAD_LICENCE' });
    directory.close();
  });

  test('add up, and stop counting when they expire', async () => {
    const directory = await open();
    expect(directory.limits()).toEqual({ client: 0, bridge: 0 });
    await directory.add(issue({ id: 'A', clients: 10 }));
    await directory.add(issue({ id: 'B', clients: 5, bridges: 2, expiresAt: '2026-11-23' }));
    expect(directory.limits()).toEqual({ client: 15, bridge: 2 });
    clock.advance(86_400_000);
    expect(directory.limits()).toEqual({ client: 10, bridge: 0 });
    await expect(directory.add(issue({ id: 'C', expiresAt: '2026-11-22' }))).rejects.toMatchObject({
      code: 'LICENCE_EXPIRED',
    });
  });

  test('make the best edition of each server its edition', async () => {
    const directory = await open();
    expect([directory.edition(), directory.maxSessions()]).toEqual([undefined, 4_096]);
    await directory.add(issue({ id: 'A', edition: 'enterprise' }));
    await directory.add(issue({ id: 'B', edition: 'standard' }));
    await directory.add(issue({ id: 'C', edition: 'carrier' }), 'b');
    expect([directory.edition(), directory.allowsClusters()]).toEqual(['enterprise', true]);
    expect([directory.edition('B'), directory.maxSessions('b'), directory.edition('c')]).toEqual([
      'carrier',
      100_000,
      undefined,
    ]);
  });

  test('are registered once, however many ask at once: the others are told for which server it is', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const text = issue({ id: 'KEY-7', edition: 'carrier' });
    const outcomes = await Promise.allSettled([a.add(text), b.add(text)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'LICENCE_EXISTS' });
    expect((refused?.reason as Error).message).toMatch(/KEY-7.*server "(a|b)".*server "(?!\1)(a|b)"/);
    await expect(a.add(issue({ id: 'X', server: 'b' }))).rejects.toThrow(/for server "b", not "a"/);
    expect(await a.delete('KEY-7')).toBe(true);
    expect(await a.delete('KEY-7')).toBe(false);
    await b.add(text);
  });

  test('are registered by the controller only', async () => {
    const directory = await open('a', { leadership: () => undefined });
    await expect(directory.add(issue({ id: 'A' }))).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    const deposed = await open('a', { leadership: () => ({ key: 'elect/controller', createRevision: 77 }) });
    await expect(deposed.add(issue({ id: 'A' }))).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    expect(deposed.list()).toEqual([]);
  });

  test('count only as long as their signature holds', async () => {
    const directory = await open();
    const record = { text: issue({ id: 'A', clients: 9 }, other), server: 'a', addedAtMs: 0 };
    await backplane.put('cfg/licence/A', JSON.stringify(record));
    await backplane.put('cfg/licence/B', 'nonsense');
    await directory.add(issue({ id: 'C', clients: 1 }));
    expect(directory.limits().client).toBe(1);
  });
});

describe('the functions of administration', () => {
  let fixture: Fixture;
  let licences: LicenceDirectory;

  beforeEach(async () => {
    fixture = await openFixture();
    const { backplane, clock } = fixture;
    const options = { backplane, clock, logger: silentLogger, issuer: issuer.publicKey, server: 'vm' };
    licences = await LicenceDirectory.open(options);
    Object.assign(fixture.context, { licences });
  });

  afterEach(async () => {
    licences.close();
    await fixture.close();
  });

  async function ask(method: string, params: object = {}) {
    const answer = await callJson(fixture.context, method, params);
    return ('result' in answer ? answer.result : { error: answer.error.code }) as Record<string, unknown>;
  }

  test('register, list and take away', async () => {
    expect(await ask('GetLicenseStatus')).toMatchObject({ EditionId_u32: 0, NumClientConnectLicense_u32: 0 });
    const text = issue({ id: 'A-1', name: 'Example', edition: 'carrier', clients: 20, expiresAt: '2027-01-01' });
    expect(await ask('AddLicenseKey', { StrValue_str: text })).not.toHaveProperty('error');
    expect(await ask('AddLicenseKey', { StrValue_str: `${text}@b` })).toEqual({ error: 112 });
    expect(await ask('AddLicenseKey', { StrValue_str: 'AAAAAA-AAAAAA' })).toEqual({ error: 118 });
    const { LicenseKeyList } = await ask('EnumLicenseKey');
    expect(LicenseKeyList).toMatchObject([
      {
        LicenseId_str: 'A-1',
        LicenseName_str: 'Example: Carrier Edition, 20 clients',
        LicenseKey_str: 'vm',
        Status_u32: 0,
      },
    ]);
    expect(await ask('GetLicenseStatus')).toMatchObject({
      EditionId_u32: 3,
      EditionStr_str: 'Carrier Edition',
      NumClientConnectLicense_u32: 20,
      AllowEnterpriseFunction_bool: true,
    });
    const id = (LicenseKeyList as { Id_u32: number }[])[0]!.Id_u32;
    expect(await ask('DelLicenseKey', { IntValue_u32: id + 1 })).toEqual({ error: 29 });
    expect(await ask('DelLicenseKey', { IntValue_u32: id })).not.toHaveProperty('error');
    expect((await ask('EnumLicenseKey'))['NumItem_u32']).toBe(0);
  });
});
