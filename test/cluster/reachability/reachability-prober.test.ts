import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '#base';
import { ReachabilityProber, type BusHandler, type MemberInfo, type MemberView } from '#cluster';
import { MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';

const info = (name: string, publicAddress: string): MemberInfo => ({
  id: `${name}/0`,
  member: `${name}/0`,
  boot: name,
  version: '0',
  hostName: name,
  startedAtMs: 0,
  joinedAtMs: 0,
  busAddress: `${publicAddress}:5570`,
  publicAddress,
  publicPorts: [443, 992],
  certificate: '',
  weight: 100,
  isEligible: true,
  isControllerOnly: false,
  isDraining: false,
  capacity: 100,
});

/** Members `a` and `b`, on a network where only some ports of `b` are open. */
function pair(): {
  readonly found: () => { readonly ports: readonly number[]; readonly cause: string } | undefined;
  readonly open: (port: number) => Promise<void>;
  readonly pass: (ms: number) => Promise<void>;
} {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const network = new MemoryNetwork({ clock, random });
  const infos = [info('a', '192.0.2.1'), info('b', '192.0.2.2')];
  const services = new Map<string, BusHandler>();
  let found: { readonly ports: readonly number[]; readonly cause: string } | undefined;
  for (const self of infos) {
    const views: MemberView[] = infos.map((each) => ({ info: each, load: undefined, state: 'online', cause: '' }));
    const prober = new ReachabilityProber({
      network: network.machine(self.publicAddress),
      clock,
      random,
      logger: silentLogger,
      bus: {
        serve: (service, handler) => {
          services.set(`${self.id} ${service}`, handler);
          return () => undefined;
        },
        send: (to, service, body) => {
          const member = typeof to === 'string' ? to : to.member;
          services.get(`${member} ${service}`)?.(JSON.parse(JSON.stringify(body)), self);
        },
      },
      membership: {
        self,
        members: () => views,
        find: (id) => views.find((view) => view.info.id === id),
        onChange: () => () => undefined,
        setUnreachable: (ports, cause) => {
          if (self.id === 'b/0') found = { ports, cause };
        },
      },
    });
    onTestFinished(() => prober.stop());
  }
  const identity = { certificatePem: '', privateKeyPem: '' };
  return {
    found: () => found,
    pass: (ms) => clock.run(ms),
    open: async (port) => {
      const options = { host: '192.0.2.2', port, identity: () => identity, handshakeTimeoutMs: 1_000 };
      const nothing = (): void => undefined;
      await network.listenTls({ ...options, admit: () => true, abandoned: nothing, connected: (s) => s.close() });
    },
  };
}

test('a member learns within seconds which of its public ports nobody reaches, and why', async () => {
  const { found, open, pass } = pair();
  await open(443);
  await pass(5_000);
  expect(found()).toMatchObject({ ports: [992] });
  expect(found()?.cause).toMatch(/^a: cannot connect to 192\.0\.2\.2:992: the connection was refused/);
});

test('a port that was repaired is found open within a quarter of a minute', async () => {
  const { found, open, pass } = pair();
  await open(443);
  await pass(5_000);
  await open(992);
  await pass(15_000);
  expect(found()).toEqual({ ports: [], cause: '' });
});
