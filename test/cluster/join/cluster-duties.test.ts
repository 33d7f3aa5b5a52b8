import { describe, expect, onTestFinished, test } from 'vitest';
import { HubfarmError, inspectCertificate, isKeyOf, isSignedBy } from '#base';
import {
  clusterAuthorityKey,
  ClusterDuties,
  ClusterFailure,
  Gone,
  type Bus,
  type BusHandler,
  type Controllership,
  type MemberBoot,
  type MemberInfo,
  type Membership,
  type MemberView,
  type RunningCluster,
} from '#cluster';
import { createNodeAuthorities } from '#io/node';
import type { VirtualClock } from '#io/sim';
import { controls, memoryWorld, password, type Line, type TestServer } from './world.ts';
import { silentLogger } from '#base';

const DAY_MS = 86_400_000;
const boot = (server: string): MemberBoot => ({ member: `${server}/0`, boot: `boot of ${server}` });

/** Everybody's handlers, called at once. */
class Wire {
  readonly #handlers = new Map<string, BusHandler>();
  readonly silent = new Set<string>();

  bus(self: MemberBoot): Bus {
    const key = (member: string, service: string): string => `${member} ${service}`;
    return {
      self,
      serve: (service, handler) => {
        this.#handlers.set(key(self.member, service), handler);
        return () => this.#handlers.delete(key(self.member, service));
      },
      call: async (to, service, body) => {
        const member = typeof to === 'string' ? to : to.member;
        const handler = this.#handlers.get(key(member, service));
        if (this.silent.has(member)) throw new Error(`${member} does not answer`);
        if (handler === undefined) throw new Gone(`${member} is no member (any more)`);
        await Promise.resolve();
        return JSON.parse(JSON.stringify(await handler(body, self))) as unknown;
      },
      send: () => undefined,
      links: () => [],
      onLink: () => () => undefined,
      stop: () => Promise.resolve(),
    };
  }

  get services(): readonly string[] {
    return [...this.#handlers.keys()].sort();
  }
}

interface Running {
  readonly cluster: RunningCluster;
  readonly duties: ClusterDuties;
  readonly announced: object[];
  readonly events: string[];
}

async function pair() {
  const world = await memoryWorld();
  const alpha = await world.server({ name: 'alpha', address: '192.0.2.1' });
  await controls(world, alpha);
  const beta = await world.server({ name: 'beta', address: '192.0.2.2' });
  const hashedPassword = password('secret');
  const { restarted } = await world.settled(
    beta.cluster.join({ host: '192.0.2.1', port: 443, hashedPassword }, beta.progress),
  );
  await world.settled(restarted);
  const wire = new Wire();
  const views = [alpha, beta].map(({ name, address }): MemberView => ({
    info: { ...boot(name), id: `${name}/0`, publicAddress: address, publicPorts: [443] } as unknown as MemberInfo,
    load: undefined,
    state: 'online',
    cause: '',
  }));
  const run = (server: TestServer): Running => {
    const announced: object[] = [];
    const events: string[] = [];
    const membership: Membership = {
      self: views.find(({ info }) => info.id === `${server.name}/0`)!.info,
      members: () => views,
      find: (id) => views.find(({ info }) => info.id === id),
      onChange: () => () => undefined,
      announce: (change) => Promise.resolve(void announced.push(change)),
      report: () => undefined,
      stop: () => Promise.resolve(),
    };
    const controllership: Controllership = {
      controller: () => boot('alpha'),
      isController: () => server.name === 'alpha',
      epoch: () => undefined,
      guard: () => (server.name === 'alpha' ? world.guard : undefined),
      onChange: () => () => undefined,
    };
    const bus = wire.bus(boot(server.name));
    const desk = alpha.standing.kind === 'controller' ? alpha.standing.cluster : undefined;
    const cluster: RunningCluster = { membership, controllership, bus, desk: desk!, connection: undefined };
    server.running = cluster;
    const { state } = server;
    const { clock } = world;
    const duties = new ClusterDuties({
      ...{ state, bus, membership, controllership, shared: world.backplane, clock, logger: silentLogger },
      authorities: createNodeAuthorities(clock),
      removed: () => {
        events.push('removed');
        server.cluster.removed(server.progress);
      },
      promoted: () => events.push('promoted'),
    });
    onTestFinished(() => duties.stop());
    return { cluster, duties, announced, events };
  };
  return { world, alpha, beta, wire, run, views };
}

/** Lets a file be written, a certificate be made. */
async function until(clock: VirtualClock, isSo: () => boolean): Promise<void> {
  for (let rounds = 0; rounds < 500 && !isSo(); rounds++) {
    await clock.run(10);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(isSo()).toBe(true);
}

describe('certificates of servers', () => {
  test('are renewed when two thirds of their life have passed, with another key, by the controller', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    run(beta);
    const before = beta.state.current!.identity;
    const notAfterMs = inspectCertificate(Buffer.from(before.certificatePem))!.notAfterMs;
    expect(Math.round((notAfterMs - world.clock.wallMs()) / DAY_MS)).toBe(90);
    await jump(world.clock, 59 * DAY_MS);
    expect(beta.state.current!.identity).toEqual(before);
    await jump(world.clock, 2 * DAY_MS);
    await until(world.clock, () => beta.state.current!.identity.certificatePem !== before.certificatePem);
    const { identity, authorityPem } = beta.state.current!;
    expect(isKeyOf(Buffer.from(identity.certificatePem), before.privateKeyPem)).toBe(false);
    expect(isKeyOf(Buffer.from(identity.certificatePem), identity.privateKeyPem)).toBe(true);
    expect(isSignedBy(Buffer.from(identity.certificatePem), Buffer.from(authorityPem))).toBe(true);
    const renewed = inspectCertificate(Buffer.from(identity.certificatePem))!;
    expect(renewed.subjectCommonName).toBe('beta');
    expect(renewed.notAfterMs).toBeGreaterThan(notAfterMs + 50 * DAY_MS);
    // The old one is good for another month.
    expect(notAfterMs).toBeGreaterThan(world.clock.wallMs() + 20 * DAY_MS);
    expect((await world.registry.find('beta'))?.certificateNotAfterMs).toBe(renewed.notAfterMs);
  });

  test('of the controller itself are renewed too', async () => {
    const { world, alpha, run } = await pair();
    run(alpha);
    const before = alpha.state.current!.identity.certificatePem;
    await jump(world.clock, 61 * DAY_MS);
    await until(world.clock, () => alpha.state.current!.identity.certificatePem !== before);
  });

  test('are asked for again when there is no controller', async () => {
    const { world, alpha, beta, wire, run } = await pair();
    run(alpha);
    run(beta);
    wire.silent.add('alpha/0');
    const before = beta.state.current!.identity.certificatePem;
    await jump(world.clock, 61 * DAY_MS);
    expect(beta.state.current!.identity.certificatePem).toBe(before);
    wire.silent.clear();
    await jump(world.clock, DAY_MS / 24);
    await until(world.clock, () => beta.state.current!.identity.certificatePem !== before);
  });

  test('are made only for servers of the list, under their own name, and only by the controller', async () => {
    const { world, alpha, beta, wire, run } = await pair();
    run(alpha);
    run(beta);
    const { requestDer } = await createNodeAuthorities(world.clock).makeRequest('alpha');
    const body = { certificateRequest: requestDer.toString('base64') };
    const service = 'cluster/renew-certificate';
    const answer = (await wire.bus(boot('beta')).call('alpha/0', service, body)) as { certificatePem: string };
    expect(inspectCertificate(Buffer.from(answer.certificatePem))?.subjectCommonName).toBe('beta');
    await expect(wire.bus(boot('gamma')).call('alpha/0', service, body)).rejects.toThrow(
      'gamma belongs to the cluster no more',
    );
    await expect(wire.bus(boot('alpha')).call('beta/0', service, body)).rejects.toThrow(
      'this server is not the controller',
    );
    await expect(wire.bus(boot('beta')).call('alpha/0', service, {})).rejects.toBeInstanceOf(HubfarmError);
  });
});

/** Days pass, an hour at a time. */
async function jump(clock: VirtualClock, ms: number): Promise<void> {
  await clock.run(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('the controller', () => {
  test('promotes a server, which then holds the key of the authority', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    const { events } = run(beta);
    const { authority } = alpha.state.current!;
    await world.backplane.put(clusterAuthorityKey, JSON.stringify(authority));
    await world.settled(alpha.cluster.promote('beta', alpha.progress));
    await until(world.clock, () => events.includes('promoted'));
    expect(alpha.engine.eligible.has('beta')).toBe(true);
    expect(beta.state.current?.settings.isEligible).toBe(true);
    expect(beta.state.current?.authority).toEqual(authority);
    expect(await world.registry.find('beta')).toMatchObject({ isEligible: true });
  });

  test('drains a server, and places there again', async () => {
    const { world, alpha, beta, run } = await pair();
    const own = run(alpha);
    const { announced } = run(beta);
    await world.settled(alpha.cluster.drain('beta', true, alpha.progress));
    await world.settled(alpha.cluster.drain('beta', false, alpha.progress));
    await world.settled(alpha.cluster.drain('alpha', true, alpha.progress));
    expect(announced).toEqual([{ isDraining: true }, { isDraining: false }]);
    expect(own.announced).toEqual([{ isDraining: true }]);
    const unknown = alpha.cluster.drain('gamma', true, alpha.progress);
    await expect(world.settled(unknown)).rejects.toMatchObject({ code: 'NO_SUCH_SERVER' });
  });

  test('removes a server that runs, which stands alone again', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    const { events } = run(beta);
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    await until(world.clock, () => beta.modes.calls.includes('restart as standalone'));
    expect(events).toEqual(['removed']);
    expect(beta.state.current).toBeUndefined();
    expect(await world.registry.find('beta')).toBeUndefined();
    expect(alpha.engine.admitted.has('beta')).toBe(false);
    await until(world.clock, () => beta.engine.isErased);
  });

  test('tells a server that has lost its place in the list for a moment that it was removed', async () => {
    const { world, alpha, beta, run, views } = await pair();
    run(alpha);
    const { events } = run(beta);
    views.splice(1);
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    await until(world.clock, () => beta.modes.calls.includes('restart as standalone'));
    expect(events).toEqual(['removed']);
    await until(world.clock, () => beta.engine.isErased);
  });

  test('removes a server that cannot be told, and says what is to be done there', async () => {
    const { world, alpha, beta, wire, run } = await pair();
    run(alpha);
    run(beta);
    wire.silent.add('beta/0');
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    expect(alpha.steps.at(-1)).toMatchObject({ state: 'warning' });
    expect(alpha.steps.at(-1)?.text).toContain('run "hubfarm cluster leave --force" on it');
    expect(await world.registry.find('beta')).toBeUndefined();
  });

  test('keeps a server that the engine did not let go, so that the same can be done again', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    run(beta);
    alpha.engine.failure = new Error('the engine has not taken the change for 30 s');
    const failure: unknown = await world
      .settled(alpha.cluster.remove('beta', alpha.progress))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ENGINE', step: 'take the server out of the engine' });
    expect((failure as Error).message).toBe(
      'the engine of the cluster did not let "beta" go: the engine has not taken the change for 30 s. It belongs to the cluster still: do the same again when the engine answers',
    );
    expect((await world.registry.find('beta'))?.state).toBe('joined');
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    expect(await world.registry.find('beta')).toBeUndefined();
    await until(world.clock, () => beta.engine.isErased);
  });

  test('stays in the cluster when the engine does not let the controller go', async () => {
    const { world, alpha, run } = await pair();
    run(alpha);
    await world.settled(alpha.cluster.promote('beta', alpha.progress));
    alpha.engine.failure = new Error('the engine has not taken the change for 30 s');
    const leave = (): Promise<unknown> => world.settled(alpha.cluster.leave({ isForced: false }, alpha.progress));
    await expect(leave()).rejects.toMatchObject({ code: 'ENGINE' });
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['alpha', 'beta']);
    await leave();
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual(['beta']);
  });

  test('notes the part of the engine that a server has, but brings none back that was removed meanwhile', async () => {
    const { world, alpha, run } = await pair();
    run(alpha);
    await world.registry.noteEngineRole('beta', 'voter');
    expect((await world.registry.find('beta'))?.engineRole).toBe('voter');
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    await world.registry.noteEngineRole('beta', 'learner');
    expect(await world.registry.find('beta')).toBeUndefined();
  });

  test('does not remove itself, nor what is not there', async () => {
    const { world, alpha, run } = await pair();
    run(alpha);
    const itself = world.settled(alpha.cluster.remove('alpha', alpha.progress));
    await expect(itself).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const unknown = world.settled(alpha.cluster.remove('gamma', alpha.progress));
    await expect(unknown).rejects.toMatchObject({ code: 'NO_SUCH_SERVER' });
  });

  test('does not leave a cluster that it alone can control', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    const failure: unknown = await world
      .settled(alpha.cluster.leave({ isForced: false }, alpha.progress))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ClusterFailure);
    expect(failure).toMatchObject({ code: 'LAST_CONTROLLER' });
    await world.settled(alpha.cluster.promote('beta', alpha.progress));
    const { restarted } = await world.settled(alpha.cluster.leave({ isForced: false }, alpha.progress));
    await world.settled(restarted);
    expect(alpha.modes.calls.at(-1)).toBe('restart as standalone');
    expect((await world.registry.list()).map(({ serverName }) => serverName)).toEqual([beta.name]);
  });

  test('takes the configuration of the cluster along when it is the last that leaves', async () => {
    const { world, alpha, run } = await pair();
    run(alpha);
    await world.settled(alpha.cluster.remove('beta', alpha.progress));
    const { restarted } = await world.settled(alpha.cluster.leave({ isForced: false }, alpha.progress));
    await world.settled(restarted);
    expect(alpha.modes.calls.at(-1)).toBe('restart as standalone with /backup-standalone.json');
    expect(alpha.engine.isErased).toBe(true);
  });

  test('is the only one who may promote, remove and drain', async () => {
    const { world, alpha, beta, wire, run } = await pair();
    run(alpha);
    run(beta);
    const promoting = world.settled(beta.cluster.promote('beta', beta.progress));
    await expect(promoting).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    const removing = world.settled(beta.cluster.remove('alpha', beta.progress));
    await expect(removing).rejects.toThrow('this server is not the controller: it is alpha/0 (192.0.2.1)');
    const draining = world.settled(beta.cluster.drain('alpha', true, beta.progress));
    await expect(draining).rejects.toThrow('this server is not the controller: it is alpha/0 (192.0.2.1)');
    await world.settled(beta.cluster.drain('beta', true, beta.progress));
    const stranger = wire.bus(boot('gamma'));
    await expect(stranger.call('beta/0', 'cluster/removed', {})).rejects.toThrow('gamma/0 is not the controller');
    await expect(stranger.call('beta/0', 'cluster/drain', { isDraining: true })).rejects.toThrow(
      'is not the controller',
    );
  });
});

describe('the status of a cluster', () => {
  test('tells of every server of the list, running or not', async () => {
    const { world, alpha, beta, run } = await pair();
    run(alpha);
    run(beta);
    const record = (await world.registry.find('beta'))!;
    await world.registry.write({ ...record, serverName: 'gamma' });
    const { mode, servers } = await world.settled(beta.cluster.status());
    expect(mode).toBe('member');
    expect(
      servers.map(({ serverName, state, isController, cause }) => [serverName, state, isController, cause]),
    ).toEqual([
      ['alpha', 'online', true, ''],
      ['beta', 'online', false, ''],
      ['gamma', 'offline', false, 'it does not run, or cannot be reached'],
    ]);
  });

  test('of a server that stands alone is short', async () => {
    const { world } = await pair();
    const alone = await world.server({ name: 'delta', address: '192.0.2.4' });
    expect(await alone.cluster.status()).toEqual({
      ...{ mode: 'standalone', settings: undefined, connection: undefined, servers: [], engineRisk: '' },
    });
    await expect(
      alone.cluster.drain('delta', true, alone.progress).catch((e: unknown) => Promise.reject(e as Error)),
    ).rejects.toMatchObject({ code: 'NOT_IN_CLUSTER' });
    const lines: Line[] = alone.log;
    expect(lines).toEqual([]);
  });
});
