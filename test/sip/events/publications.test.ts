import { describe, expect, test } from 'vitest';
import { eventLimits } from '../../../src/sip/events/limits.ts';
import { etagOf, Publications, type PublishInput } from '../../../src/sip/events/publications.ts';

const input = (changes: Partial<PublishInput> = {}): PublishInput => ({
  aor: 'bob@example.org',
  package: 'presence',
  etag: undefined,
  expiresS: 100,
  content: { type: 'application/pidf+xml', body: Buffer.from('x') },
  newId: 'n1',
  ...changes,
});

function publish(publications: Publications, what: PublishInput, nowMs: number): string {
  const result = publications.publish(what, nowMs);
  if (result.kind === 'refused') return String(result.status);
  if (result.kind === 'kept') publications.apply(result.publication);
  else publications.remove(result.publication.id);
  return etagOf(result.publication);
}

describe('publications', () => {
  test('have a new entity-tag with each change, and the old one is worth nothing (RFC 3903 §4.1)', () => {
    const publications = new Publications();
    const first = publish(publications, input(), 0);
    const second = publish(publications, input({ etag: first, content: undefined }), 1000);
    expect(second).not.toBe(first);
    expect(publish(publications, input({ etag: first }), 1000)).toBe('412');
    expect(publications.of('presence', 'bob@example.org', 1000)).toMatchObject([
      { expiresAtMs: 101_000, body: Buffer.from('x') },
    ]);
  });

  test.each([
    ['of another account', { aor: 'eve@example.org' }],
    ['of another package', { package: 'dialog' }],
    ['that nobody has', { etag: 'zz-1' }],
    ['that is none', { etag: 'n1' }],
  ])('are not changed by the tag %s', (_name, changes) => {
    const publications = new Publications();
    const etag = publish(publications, input(), 0);
    expect(publish(publications, input({ etag, ...changes }), 0)).toBe('412');
  });

  test('are gone when their time is over, and when they are taken back', () => {
    const publications = new Publications();
    const etag = publish(publications, input(), 0);
    expect(publications.of('presence', 'bob@example.org', 100_000)).toEqual([]);
    expect(publish(publications, input({ etag }), 100_000)).toBe('412');
    const other = publish(publications, input({ newId: 'n2' }), 0);
    publish(publications, input({ etag: other, expiresS: 0 }), 1);
    expect(publications.size).toBe(1);
  });

  test('beyond the limit of an account are refused', () => {
    const publications = new Publications();
    for (let i = 0; i < eventLimits.maxPublicationsPerAccount; i++) publish(publications, input({ newId: `n${i}` }), 0);
    expect(publish(publications, input({ newId: 'more' }), 0)).toBe('503');
  });

  test('show what is newest, in whatever order it comes', () => {
    const publications = new Publications();
    publish(publications, input(), 0);
    const next = publications.publish(input({ etag: 'n1-1', content: { type: 't', body: Buffer.from('new') } }), 0);
    if (next.kind === 'refused') throw new Error(next.reason);
    expect(publications.apply(next.publication)).toBe(true);
    expect(publications.apply({ ...next.publication, serial: 1, body: Buffer.from('old') })).toBe(false);
    expect(publications.get('n1')?.body.toString()).toBe('new');
  });
});
