import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backplaneLimits, BadDocument, exportJson, exportText, importJson, type Backplane } from '#backplane';
import { embeddedHarness } from './embedded-harness.ts';
import type { Harness } from './harness.ts';
import { ManualClock } from './manual-clock.ts';
import { text, View } from './view.ts';

let harness: Harness;
let store: Backplane;

beforeEach(async () => {
  harness = await embeddedHarness();
  store = harness.clients[0]!;
});

afterEach(() => harness.close());

const document = (entries: unknown): unknown => ({ format: 'hubfarm-config', version: 1, entries });
const contents = async (): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await store.list('')).entries.map((entry) => [entry.key, text(entry)]));

/** As the store of a cluster, which takes so much in one transaction. */
const likeACluster = (sizes: number[]): Backplane => ({
  mode: 'cluster',
  state: () => store.state(),
  onState: (changed) => store.onState(changed),
  get: (key) => store.get(key),
  list: (prefix) => store.list(prefix),
  put: (key, value, options) => store.put(key, value, options),
  txn: (operations, guards) => {
    sizes.push(operations.length);
    return store.txn(operations, guards);
  },
  watch: (prefix, deliver) => store.watch(prefix, deliver),
  lease: (ttlMs) => store.lease(ttlMs),
  elect: (...candidature) => store.elect(...candidature),
  backup: (path) => store.backup(path),
  close: () => store.close(),
});

describe('export', () => {
  test('holds what is durable, readable where it is JSON', async () => {
    await store.put('cfg/hub/A', '{"name":"A","isOnline":true}');
    await store.put('cfg/key', Buffer.from([0, 255, 1]));
    await store.put('stat/hub/A', '[1,2]');
    await store.put('member/m1', 'not exported');
    await store.put('cfg/leased', '1', { lease: await store.lease(5_000) });
    expect(await exportJson(store, new ManualClock())).toEqual({
      format: 'hubfarm-config',
      version: 1,
      exportedAt: '2023-11-14T22:13:21.000Z',
      entries: [
        { key: 'cfg/hub/A', value: { name: 'A', isOnline: true } },
        { key: 'cfg/key', base64: 'AP8B' },
        { key: 'stat/hub/A', value: [1, 2] },
      ],
    });
  });

  test('and import again give the same bytes, whatever they are', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.json().map((json) => Buffer.from(json)),
      fc.string({ unit: 'binary' }).map((string) => Buffer.from(string)),
      fc
        .constantFrom('{ "a": 1 }', '1.0', '"\\u0041"', '{"a":1,"a":2}', '\ufeff{}', '-0', '{"__proto__":1}')
        .map((t) => Buffer.from(t)),
    );
    const key = fc
      .string({ minLength: 1, maxLength: 10 })
      .filter((name) => !/[\0-\x1f\x7f]/.test(name))
      .map((name) => `cfg/${name}`);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, bytes, { maxKeys: 8 }), async (values) => {
        await store.txn([{ kind: 'deletePrefix', prefix: '' }], []);
        for (const [each, value] of Object.entries(values)) await store.put(each, value);
        const before = await store.list('');
        const exported: unknown = JSON.parse(JSON.stringify(await exportJson(store)));
        await store.txn([{ kind: 'deletePrefix', prefix: '' }], []);
        await importJson(store, exported);
        const after = await store.list('');
        expect(after.entries.map(({ key: each, value }) => [each, Buffer.from(value).toString('hex')])).toEqual(
          before.entries.map(({ key: each, value }) => [each, Buffer.from(value).toString('hex')]),
        );
      }),
      { numRuns: 100 },
    );
  });
});

test('export as text is the same document, a line for each entry', async () => {
  const clock = new ManualClock();
  for (let at = 0; at < 600; at++) await store.put(`cfg/${at}`, `{"at":${at}}`);
  for (const omit of [[], ['cfg/1'], ['cfg/']]) {
    const pieces: Uint8Array[] = [];
    for await (const piece of exportText(store, clock, { omit })) pieces.push(piece);
    const written = Buffer.concat(pieces).toString();
    const expected = await exportJson(store, clock, { omit });
    expect(JSON.parse(written)).toEqual(expected);
    expect(written.split('\n').filter((line) => line.startsWith('{"key"'))).toHaveLength(expected.entries.length);
  }
});

describe('import', () => {
  beforeEach(async () => {
    await store.put('cfg/a', '1');
    await store.put('cfg/b', '2');
    await store.put('elsewhere', 'stays');
  });

  test("leaves what is told to be kept, and takes the document's word where both have one", async () => {
    await store.put('cfg/server/own/identity', '"mine"');
    await store.put('cfg/server/own/listeners', '"mine"');
    await store.put('cfg/server/other/identity', '"theirs"');
    const theirs = document([{ key: 'cfg/server/own/listeners', value: 'theirs' }]);
    await importJson(store, theirs, { keep: ['cfg/server/own/'] });
    expect(await contents()).toEqual({
      'cfg/server/own/identity': '"mine"',
      'cfg/server/own/listeners': '"theirs"',
      elsewhere: 'stays',
    });
  });

  test('replaces: what the document does not hold is gone, what others keep stays', async () => {
    const result = await importJson(store, document([{ key: 'cfg/b', value: 3 }]));
    expect(result).toMatchObject({ written: 1, deleted: 1 });
    expect(await contents()).toEqual({ 'cfg/b': '3', elsewhere: 'stays' });
  });

  test('merges: what the document does not hold stays', async () => {
    const result = await importJson(store, document([{ key: 'cfg/c', base64: 'AAE=' }]), { mode: 'merge' });
    expect(result).toMatchObject({ written: 1, deleted: 0 });
    expect(await contents()).toEqual({ 'cfg/a': '1', 'cfg/b': '2', 'cfg/c': '\0\x01', elsewhere: 'stays' });
  });

  test('is one transaction that touches only what differs', async () => {
    const view = new View(store, 'cfg/');
    await view.until(() => view.batches.length > 0);
    const entries = [
      { key: 'cfg/a', value: 1 },
      { key: 'cfg/c', value: 'new' },
      { key: 'stat/x', value: null },
    ];
    const { revision } = await importJson(store, document(entries));
    await view.reached(revision);
    const batches = view.batches.filter((batch) => !batch.isSnapshot);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.changes.map((change) => change.key).sort()).toEqual(['cfg/b', 'cfg/c']);
  });

  test('goes into a cluster in parts, which its engine takes one by one', async () => {
    const long = 'x'.repeat(1_000_000);
    const entries = Array.from({ length: 10 }, (_, at) => ({ key: `cfg/${at}`, value: long }));
    const sizes: number[] = [];
    await importJson(store, document([]));
    expect(await importJson(likeACluster(sizes), document(entries))).toMatchObject({ written: 10 });
    expect(sizes).toEqual([4, 4, 2]);
    expect((await store.list('cfg/')).entries).toHaveLength(10);
    expect(await importJson(likeACluster(sizes), document([]))).toMatchObject({ deleted: 10 });
    expect(sizes).toEqual([4, 4, 2, 10]);
  });

  test('of what is there already changes nothing', async () => {
    const before = await store.list('');
    const result = await importJson(store, await exportJson(store));
    expect(result).toEqual({ revision: before.revision, written: 0, deleted: 0 });
  });

  test('goes through although somebody writes at the same time', async () => {
    const entries = Array.from({ length: 50 }, (_, i) => ({ key: `cfg/${i}`, value: i }));
    const importing = importJson(store, document(entries));
    const writing = store.put('cfg/7', 'meanwhile');
    await Promise.all([importing, writing]);
    expect((await contents())['cfg/49']).toBe('49');
  });

  const bad: [string, unknown, RegExp][] = [
    ['no object', 'text', /the document is not a JSON object/],
    ['null', null, /the document is not a JSON object/],
    ['another format', { format: 'other', version: 1, entries: [] }, /format is "other"/],
    [
      'a newer version',
      { format: 'hubfarm-config', version: 2, entries: [] },
      /version 2; this hubfarm reads version 1/,
    ],
    ['no version', { format: 'hubfarm-config', entries: [] }, /version missing/],
    ['an unknown field', { format: 'hubfarm-config', version: 1, entries: [], more: 1 }, /unknown field "more"/],
    ['no list', document({}), /entries are not a list/],
    ['an entry that is none', document([{ key: 'cfg/x', value: 1 }, 7]), /entry 2 is not a JSON object/],
    ['an entry without key', document([{ value: 1 }]), /entry 1 has no key/],
    [
      'a key elsewhere',
      document([{ key: 'elect/x', value: 1 }]),
      /entry 1 \("elect\/x"\) is not under cfg\/ or stat\//,
    ],
    ['an empty name', document([{ key: 'cfg/', value: 1 }]), /entry 1 \("cfg\/"\) is not under/],
    ['a bad key', document([{ key: 'cfg/a\nb', value: 1 }]), /entry 1 \("cfg\/a\\nb"\): .*control character/],
    [
      'a key twice',
      document([1, 2].map((value) => ({ key: 'cfg/x', value }))),
      /entry 2 \("cfg\/x"\) stands there twice/,
    ],
    ['no value', document([{ key: 'cfg/x' }]), /either "value" or "base64"/],
    ['two values', document([{ key: 'cfg/x', value: 1, base64: '' }]), /either "value" or "base64"/],
    ['bad base64', document([{ key: 'cfg/x', base64: 'A?==' }]), /not base64/],
    ['base64 of no text', document([{ key: 'cfg/x', base64: 5 }]), /not base64/],
    ['a field too many', document([{ key: 'cfg/x', value: 1, lease: 'l' }]), /unknown field "lease"/],
    ['too large a value', document([{ key: 'cfg/x', value: 'x'.repeat(backplaneLimits.valueMaxBytes) }]), /at most/],
  ];
  test.each(bad)('refuses %s, names it, and writes nothing', async (_, wrong, message) => {
    const before = await contents();
    const outcome = expect(importJson(store, wrong)).rejects;
    await outcome.toBeInstanceOf(BadDocument);
    await expect(importJson(store, wrong)).rejects.toThrow(message);
    await expect(importJson(store, wrong)).rejects.toMatchObject({ code: 'BAD_DOCUMENT' });
    expect(await contents()).toEqual(before);
  });

  test('never fails otherwise than with BAD_DOCUMENT, whatever JSON it is given', async () => {
    const entry = fc.record(
      { key: fc.oneof(fc.string(), fc.constant('cfg/x')), value: fc.jsonValue(), base64: fc.string() },
      { requiredKeys: [] },
    );
    const near = fc.record({
      format: fc.constantFrom('hubfarm-config', 'x'),
      version: fc.constantFrom(1, 2),
      entries: fc.oneof(fc.jsonValue(), fc.array(entry, { maxLength: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), near), async (anything) => {
        await importJson(store, anything).catch((error: unknown) => {
          expect(error).toBeInstanceOf(BadDocument);
        });
      }),
      { numRuns: 300 },
    );
  });
});
