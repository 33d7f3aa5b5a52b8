import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocationChange } from '../../../src/sip/registrar/location-service.ts';
import { LocationService, locationPrefix } from '../../../src/sip/registrar/location-service.ts';
import { contact, contactsOf, openRegistrar, type RegistrarFixture } from './registrar-fixture.ts';

let fixture: RegistrarFixture;
beforeEach(async () => void (fixture = await openRegistrar()));
afterEach(() => fixture.close());

const alice = 'alice@example.org';
const key = `${locationPrefix}example.org/alice`;
const stored = async (): Promise<string | undefined> => {
  const entry = await fixture.backplane.get(key);
  return entry && Buffer.from(entry.value).toString();
};
const revision = async (): Promise<number> => (await fixture.backplane.get(key))?.modRevision ?? 0;

describe('a registration', () => {
  test('is in the store when it is answered', async () => {
    await fixture.register([contact('192.0.2.1')]);
    expect(await stored()).toContain('sip:alice@192.0.2.1');
  });

  test('survives a restart until the time that the store keeps it', async () => {
    await fixture.register([contact('192.0.2.1', ';q=0.3;audio;expires=600')], { hop: { remotePort: 7 } });
    const [before] = fixture.location.lookup(alice);
    await fixture.reopen();
    const [after] = fixture.location.lookup(alice);
    expect(after).toEqual({ ...before, expiresAtS: before!.keptUntilS });
    expect(contactsOf(await fixture.register([]))).toEqual(['<sip:alice@192.0.2.1>;expires=600;q=0.300;audio']);
    await fixture.clock.run(1_199_000);
    expect(fixture.location.lookup(alice)).toHaveLength(1);
    await fixture.clock.run(1_000);
    expect(fixture.location.lookup(alice)).toEqual([]);
  });

  test('that is only refreshed is written at most once in half of the time that it is kept', async () => {
    await fixture.register([contact('192.0.2.1', ';expires=600')]);
    const written = [await revision()];
    for (let refresh = 0; refresh < 12; refresh++) {
      await fixture.clock.run(300_000);
      expect((await fixture.register([contact('192.0.2.1', ';expires=600')])).status).toBe(200);
      const last = await revision();
      if (last !== written.at(-1)) written.push(last);
    }
    // An hour with a refresh each five minutes: what was kept for 20 minutes is written again after 15.
    expect(written).toHaveLength(5);
    const [binding] = fixture.location.lookup(alice);
    expect(binding!.keptUntilS).toBeGreaterThanOrEqual(binding!.expiresAtS);
  });

  test('that changes in any other way is written at once', async () => {
    await fixture.register([contact('192.0.2.1')]);
    let last = await revision();
    for (const [line, hop] of [
      [contact('192.0.2.1', ';q=0.5'), {}],
      [contact('192.0.2.1', ';q=0.5;audio'), {}],
      [contact('192.0.2.1', ';q=0.5;audio'), { remoteAddress: '203.0.113.9' }],
      [contact('192.0.2.1', ';q=0.5;audio'), { remoteAddress: '203.0.113.9', remotePort: 5070 }],
      [contact('192.0.2.1', ';q=0.5;audio;expires=7200'), { remoteAddress: '203.0.113.9', remotePort: 5070 }],
      [contact('192.0.2.1', ';q=0.5;audio;expires=36000'), { remoteAddress: '203.0.113.9', remotePort: 5070 }],
    ] as const) {
      await fixture.register([line], { hop });
      const next = await revision();
      if (line.endsWith('7200')) expect(next).toBe(last);
      else expect(next).toBeGreaterThan(last);
      last = next;
    }
  });

  test('of a telephone that is where its Contact says is not written for the port that a request came from', async () => {
    await fixture.register([contact('192.0.2.1')]);
    const before = await revision();
    await fixture.register([contact('192.0.2.1')], { hop: { remotePort: 5070 } });
    expect(await revision()).toBe(before);
    expect(fixture.location.lookup(alice)[0]?.flow?.port).toBe(5070);
  });

  test('that has expired is gone, for lookups at once, from the store a little later', async () => {
    await fixture.register([contact('192.0.2.1', ';expires=60'), contact('192.0.2.2', ';expires=120')]);
    await fixture.clock.run(60_000);
    expect(fixture.location.lookup(alice).map(({ uri }) => uri)).toEqual(['sip:alice@192.0.2.2']);
    await fixture.clock.run(128_000);
    await expect.poll(stored).toBeUndefined();
    expect([fixture.location.accountCount, fixture.location.bindingCount]).toEqual([0, 0]);
  });

  test('that is removed is removed from the store', async () => {
    await fixture.register([contact('192.0.2.1')]);
    await fixture.register(['Contact: *', 'Expires: 0']);
    expect(await stored()).toBeUndefined();
  });
});

describe('the location service', () => {
  test('tells listeners what was and what is', async () => {
    const changes: LocationChange[] = [];
    const stop = fixture.location.onChange((change) => changes.push(change));
    await fixture.register([contact('192.0.2.1', ';expires=60')]);
    await fixture.clock.run(130_000);
    stop();
    await fixture.register([contact('192.0.2.1')]);
    const told = changes.map(({ aor, before, after }) => [aor, before.length, after.length]);
    expect(told).toEqual([
      [alice, 0, 1],
      [alice, 1, 0],
    ]);
  });

  test('shows what other members write', async () => {
    const { backplane, clock } = fixture;
    const other = await LocationService.open({ backplane, clock, writer: 'another-one-0000', owns: () => false });
    await fixture.register([contact('192.0.2.1')]);
    await expect.poll(() => other.lookup(alice).map(({ uri }) => uri)).toEqual(['sip:alice@192.0.2.1']);
    expect(other.bindingCount).toBe(1);
    await fixture.register([contact('192.0.2.1', ';expires=0')]);
    await expect.poll(() => other.lookup(alice)).toEqual([]);
    other.close();
  });

  test('answers 503 when a registration cannot be stored, and stores it with the next one', async () => {
    const { backplane } = fixture;
    const real = backplane.txn.bind(backplane);
    backplane.txn = () => Promise.reject(new Error('the disk is full'));
    const refused = await fixture.register([contact('192.0.2.1')]);
    expect([refused.status, refused.valueOf('Retry-After')]).toEqual([503, '5']);
    backplane.txn = real;
    expect((await fixture.register([contact('192.0.2.1')])).status).toBe(200);
    expect(await stored()).toContain('192.0.2.1');
  });

  test('stores the same request when it is tried again, and no older one', async () => {
    const { backplane } = fixture;
    const real = backplane.txn.bind(backplane);
    const again = { cseq: 7, callId: 'tried-twice' };
    backplane.txn = () => Promise.reject(new Error('the engine is away'));
    expect((await fixture.register([contact('192.0.2.1')], again)).status).toBe(503);
    backplane.txn = real;
    expect((await fixture.register([contact('192.0.2.1')], { ...again, cseq: 6 })).status).toBe(500);
    expect(await stored()).toBeUndefined();
    expect((await fixture.register([contact('192.0.2.1')], again)).status).toBe(200);
    expect(await stored()).toContain('192.0.2.1');
    expect((await fixture.register([contact('192.0.2.1')], again)).status).toBe(500);
  });

  test('answers a refresh that overtakes the first write only when that is durable', async () => {
    const { backplane } = fixture;
    const real = backplane.txn.bind(backplane);
    const waiting: (() => void)[] = [];
    backplane.txn = (...asked) =>
      new Promise((resolve, reject) => waiting.push(() => void real(...asked).then(resolve, reject)));
    const answers: string[] = [];
    const sent = ['first', 'second'].map(async (name) => {
      await fixture.register([contact('192.0.2.1')]);
      answers.push(name);
    });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toEqual([]);
    backplane.txn = real;
    for (const go of waiting) go();
    await Promise.all(sent);
    expect(answers).toEqual(['first', 'second']);
  });

  test('ignores a record that it cannot read, and tells of no others less', async () => {
    await fixture.backplane.put(`${locationPrefix}example.org/bad`, 'not JSON');
    await fixture.register([contact('192.0.2.1')]);
    await fixture.reopen();
    expect([...fixture.location.aors()]).toEqual([alice]);
  });
});
