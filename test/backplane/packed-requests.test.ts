import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ListBuilder } from '../../src/backplane/embedded/listed.ts';
import { packReply, packRequest, unpackReply, unpackRequest } from '../../src/backplane/embedded/packed-requests.ts';
import type { Change, Reply, Request, StoredOperation } from '../../src/backplane/embedded/requests.ts';

const key = fc.string({ minLength: 1, maxLength: 12 }).map((text) => text.replaceAll(/[\u0000-\u001f\u007f]/g, '.'));
const operation: fc.Arbitrary<StoredOperation> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key,
    value: fc.uint8Array({ maxLength: 40 }),
    lease: fc.option(fc.constant('1.2.3'), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('deletePrefix' as const), prefix: fc.oneof(key, fc.constant('')) }),
);
const operations = fc.array(operation, { maxLength: 20 });
const guards = fc.array(fc.record({ key, modRevision: fc.nat() }), { maxLength: 3 });
const arrived = <T>(message: T): T => structuredClone(message);

test('a transaction arrives in the thread of the store as it was', () => {
  fc.assert(
    fc.property(operations, guards, (list, conditions) => {
      const request: Request = { kind: 'txn', operations: list, guards: conditions };
      expect(unpackRequest(arrived(packRequest(request)))).toEqual(request);
    }),
  );
});

test('what a transaction has changed arrives as the store found it, whatever operations it had', () => {
  fc.assert(
    fc.property(operations, fc.nat(), (list, revision) => {
      const request: Request = { kind: 'txn', operations: list, guards: [] };
      const there = unpackRequest(arrived(packRequest(request)));
      const changes = new Map<string, Change>();
      for (const one of there.kind === 'txn' ? there.operations : []) {
        if (one.kind === 'deletePrefix') continue;
        if (one.kind === 'delete') {
          changes.set(one.key, { key: one.key, entry: undefined });
          continue;
        }
        const { value, lease } = one;
        const entry = { key: one.key, value, createRevision: changes.size + 1, modRevision: revision };
        changes.set(one.key, { key: one.key, entry: lease === undefined ? entry : { ...entry, lease } });
      }
      const reply: Reply = { kind: 'done', revision, changes: [...changes.values()] };
      expect(unpackReply(arrived(packReply(reply, there)), request)).toEqual(reply);
    }),
  );
});

test('the values of a plain transaction do not travel back', () => {
  const value = new Uint8Array(1000);
  const request: Request = {
    kind: 'txn',
    operations: [{ kind: 'put', key: 'k', value, lease: undefined }],
    guards: [],
  };
  const entry = { key: 'k', value, createRevision: 3, modRevision: 7 };
  const packed = packReply({ kind: 'done', revision: 7, changes: [{ key: 'k', entry }] }, request);
  expect(packed).toEqual({ kind: 'stored', revision: 7, created: [3] });
});

test('a list arrives as it was', () => {
  const entry = fc.record({
    key,
    value: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 0, max: 600_000 }).map((length) => new Uint8Array(length).fill(length)),
    ),
    createRevision: fc.nat(),
    modRevision: fc.nat(),
    lease: fc.option(fc.constant('1.2.3'), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(entry), fc.nat(), (rows, revision) => {
      const entries = rows.map(({ lease, ...rest }) => (lease === undefined ? rest : { ...rest, lease }));
      const request: Request = { kind: 'list', prefix: '' };
      const list = new ListBuilder();
      for (const one of entries) list.add(one);
      const reply = unpackReply(arrived(packReply(list.finish(revision), request)), request);
      expect(reply).toEqual({ kind: 'entries', revision, entries });
    }),
  );
});
