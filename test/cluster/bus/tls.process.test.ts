import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Gone, TlsLinks, type MemberBoot } from '#cluster';
import { createNodeIo } from '#io/node';
import { createAuthority, type Authority } from '../../io/node/authority.ts';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { startNear, type NearMember } from './near-member.ts';

const io = createNodeIo();
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

interface Far {
  readonly child: ChildProcess;
  readonly self: MemberBoot;
  readonly busAddress: string;
}

async function startFar(boot: string, by = authority): Promise<Far> {
  const self: MemberBoot = { member: 'b/0', boot };
  const child = fork(join(import.meta.dirname, 'far-process.ts'), { execArgv: ['-C', 'hubfarm-source'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ self, identity: await by.issue('b') });
  const [port] = (await once(child, 'message')) as [number];
  return { child, self, busAddress: `127.0.0.1:${port}` };
}

async function startA(): Promise<NearMember> {
  const identity = await authority.issue('a');
  return startNear(io, { member: 'a/0', boot: 'near' }, (logger) => [
    new TlsLinks({
      network: io.mutualTls,
      listen: { host: '127.0.0.1', port: 0 },
      identity: () => identity,
      logger,
    }),
  ]);
}

async function linked(): Promise<{ readonly near: NearMember; readonly far: Far }> {
  const [near, far] = await Promise.all([startA(), startFar('first')]);
  const up = near.next('up');
  near.book.set({ ...far.self, busAddress: far.busAddress });
  await up;
  return { near, far };
}

describe('members in two processes', () => {
  test('call each other over TLS 1.3, with bodies of any size', async () => {
    const { near } = await linked();
    const sizes = [10, 64 * 1024, 300, 1 << 20, 3 << 20];
    const texts = sizes.map((size) => 'ö'.repeat(size / 2));
    const answers = await Promise.all(texts.map((text) => near.bus.call('b/0', 'test/echo', text)));
    expect(answers).toEqual(texts.map((body) => ({ body, from: { member: 'a/0', boot: 'near' } })));
    for (let n = 0; n < 5_000; n++) near.bus.send('b/0', 'test/event', n);
    expect(await near.bus.call('b/0', 'test/events', undefined)).toBe(5_000);
  });

  test('kill -9 is noticed at once, and a call to that boot is Gone once the next is there', async () => {
    const { near, far } = await linked();
    const hanging = near.bus.call(far.self, 'test/hang', {}, { timeoutMs: 20_000 });
    hanging.catch(() => undefined);
    const down = near.next('down');
    const killed = new FairStopwatch();
    far.child.kill('SIGKILL');
    await down;
    // At once, that is; other processes may have the machine. After 10 s a silent link would be given up.
    expect(killed.ms).toBeLessThan(9_000);
    const again = await startFar('second');
    near.book.set({ ...again.self, busAddress: again.busAddress });
    await expect(hanging).rejects.toBeInstanceOf(Gone);
    expect(await near.bus.call('b/0', 'test/echo', 1)).toMatchObject({ body: 1 });
  });

  test('SIGSTOP makes the link silent after 2 s and more, SIGCONT makes it up again', async () => {
    const { near, far } = await linked();
    const silent = near.next('silent');
    const stoppedMs = performance.now();
    const stopped = new FairStopwatch();
    far.child.kill('SIGSTOP');
    const call = near.bus.call(far.self, 'test/echo', 1, { timeoutMs: 20_000 });
    expect((await silent) - stoppedMs).toBeGreaterThan(1_900);
    expect(stopped.ms).toBeLessThan(9_500);
    expect(near.bus.links()).toEqual([]);
    const up = near.next('up');
    const continued = new FairStopwatch();
    far.child.kill('SIGCONT');
    await up;
    expect(continued.ms).toBeLessThan(10_000);
    expect(await call).toMatchObject({ body: 1 });
  });

  test('a member with a certificate of another authority is refused, and the log says why', async () => {
    const near = await startA();
    const far = await startFar('first', await createAuthority('elsewhere'));
    near.book.set({ ...far.self, busAddress: far.busAddress });
    const isLogged = (): boolean => near.log.lines.some((line) => line.includes('not signed by the authority'));
    await vi.waitFor(() => expect(isLogged()).toBe(true), { timeout: 20_000, interval: 20 });
    expect(near.log.lines).toContain(
      `warn no link of the bus: cannot connect to ${far.busAddress}: its certificate is not taken: ` +
        'it is not signed by the authority of this cluster',
    );
    expect(near.bus.links()).toEqual([]);
  });
});
