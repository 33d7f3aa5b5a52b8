import { describe, expect, test } from 'vitest';
import {
  decodeNames,
  encodeGrant,
  encodeName,
  encodeUserAdd,
  encodeUserRole,
} from '../../../../src/backplane/etcd/codec/access.ts';
import {
  decodeRange,
  decodeTxn,
  encodeDeleteRange,
  encodePut,
  encodeRange,
  encodeTxn,
} from '../../../../src/backplane/etcd/codec/key-value.ts';
import { decodeLeaseState, encodeLeaseGrant, encodeLeaseId } from '../../../../src/backplane/etcd/codec/lease.ts';
import { decodeMemberAdded, decodeMembers, encodeMemberAdd } from '../../../../src/backplane/etcd/codec/membership.ts';
import { decodeWatch, encodeWatchCreate } from '../../../../src/backplane/etcd/codec/watch.ts';
import { prefixRange } from '../../../../src/backplane/etcd/key-range.ts';
import { captured } from './captured.ts';

const lease = '8256120673857661190';
const bytes = (text: string): Buffer => Buffer.from(text);
const hub = {
  key: 'cfg/hub/DEFAULT',
  createRevision: 2,
  modRevision: 2,
  lease: '0',
  value: bytes('{"name":"DEFAULT"}'),
};

describe('requests are byte for byte what etcdctl sends:', () => {
  const cases: [string, Buffer][] = [
    ['put', encodePut({ key: bytes(hub.key), value: hub.value, lease: '0' })],
    ['put under a lease', encodePut({ key: bytes('member/m1/0/info'), value: bytes('x'), lease })],
    ['range prefix', encodeRange(prefixRange('cfg/'))],
    ['range limit', encodeRange({ ...prefixRange(''), limit: 1 })],
    ['range of nothing', encodeRange({ key: bytes('nothing') })],
    ['range at a revision', encodeRange({ ...prefixRange('cfg/'), revision: 2 })],
    ['lease grant', encodeLeaseGrant('0', 5)],
    ['keep alive', encodeLeaseId(lease)],
    ['revoke', encodeLeaseId(lease)],
    ['learner added', encodeMemberAdd('https://127.0.0.1:5569', true)],
    ['user', encodeUserAdd('m1')],
    ['role', encodeName('readers')],
    ['permission', encodeGrant('readers', { may: 'readWrite', ...prefixRange('member/m1/') })],
    ['role of a user', encodeUserRole('m1', 'readers')],
  ];
  test.each(cases)('%s', (name, encoded) => {
    expect(encoded.toString('hex')).toBe(captured(name).requests[0]?.toString('hex'));
  });

  test('a transaction with a guard, a put and what to say when the guard does not hold', () => {
    const encoded = encodeTxn({
      compares: [{ key: bytes(hub.key), what: 'mod', equals: 99 }],
      puts: [{ key: bytes('new'), value: bytes('2'), lease: '0' }],
      deletes: [],
      otherwise: [{ key: bytes(hub.key) }, { key: bytes('nothing') }],
    });
    expect(encoded).toEqual(captured('txn that does not hold').requests[0]);
  });

  test('the guard that a key must not exist says 0 in so many words', () => {
    const [request] = captured('txn that holds').requests;
    const encoded = encodeTxn({
      compares: [
        { key: bytes(hub.key), what: 'mod', equals: 2 },
        { key: bytes('new'), what: 'create', equals: 0 },
      ],
      puts: [],
      deletes: [],
      otherwise: [],
    });
    expect(request?.subarray(0, encoded.length)).toEqual(encoded);
    const remove = encodeDeleteRange(prefixRange('cfg/x'));
    expect(request?.includes(remove)).toBe(true);
  });

  test('a watch asks for fragments as well, which etcdctl does not', () => {
    const { key, rangeEnd } = prefixRange('');
    const [request] = captured('watch').requests;
    const encoded = encodeWatchCreate(key, rangeEnd, 2);
    expect(encoded.subarray(2, -2)).toEqual(request?.subarray(2));
    expect(encoded.subarray(-2)).toEqual(Buffer.from([0x40, 1]));
  });
});

describe('answers are read as etcd meant them:', () => {
  const answer = (name: string, at = 0): Buffer => captured(name).responses[at]!;

  test('a range', () => {
    expect(decodeRange(answer('range prefix'))).toEqual({ revision: 3, entries: [hub], hasMore: false });
    expect(decodeRange(answer('range limit'))).toEqual({ revision: 3, entries: [hub], hasMore: true });
    expect(decodeRange(answer('range of nothing'))).toEqual({ revision: 3, entries: [], hasMore: false });
  });

  test('a transaction', () => {
    expect(decodeTxn(answer('txn that holds'))).toMatchObject({ revision: 4, hasSucceeded: true });
    expect(decodeTxn(answer('txn that does not hold'))).toMatchObject({
      revision: 4,
      hasSucceeded: false,
      found: [{ entries: [hub] }, { entries: [] }],
    });
  });

  test('a lease, whose id needs 63 bits', () => {
    expect(decodeLeaseState(answer('lease grant'))).toEqual({ id: lease, ttlSeconds: 5 });
    expect(decodeLeaseState(answer('keep alive'))).toEqual({ id: lease, ttlSeconds: 5 });
  });

  test('a watch: created, history, a put, a deletion', () => {
    const responses = captured('watch').responses.map(decodeWatch);
    expect(responses[0]).toMatchObject({ isCreated: true, events: [] });
    const events = responses.flatMap((response) => response.events);
    expect(events.map(({ isDelete, keyValue }) => [keyValue.key, keyValue.modRevision, isDelete])).toEqual([
      ['cfg/hub/DEFAULT', 2, false],
      ['member/m1/0/info', 3, false],
      ['new', 4, false],
      ['member/m2', 4, false],
      ['k', 5, false],
      ['k', 6, true],
    ]);
    expect(events[1]?.keyValue.lease).toBe(lease);
  });

  test('a watch of what has been compacted', () => {
    expect(decodeWatch(answer('watch of what is compacted', 1))).toMatchObject({
      isCanceled: true,
      compactRevision: 5,
    });
  });

  test('members, with ids of 64 bits', () => {
    const first = {
      id: String(0x866b232794587293n),
      name: 'default',
      peerUrls: ['http://127.0.0.1:17380'],
      clientUrls: ['http://127.0.0.1:17379'],
      isLearner: false,
    };
    expect(decodeMembers(answer('members'))).toEqual([first]);
    const { id, members } = decodeMemberAdded(answer('learner added'));
    expect(id).toBe(String(0x1d3124f7ffb310abn));
    expect(members).toEqual([
      {
        id: String(0x1d3124f7ffb310abn),
        name: '',
        peerUrls: ['https://127.0.0.1:5569'],
        clientUrls: [],
        isLearner: true,
      },
      first,
    ]);
  });

  test('names', () => {
    expect(decodeNames(answer('users'))).toEqual(['m1']);
  });
});
