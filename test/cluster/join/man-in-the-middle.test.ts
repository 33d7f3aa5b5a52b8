import { describe, expect, onTestFinished, test } from 'vitest';
import { ClusterFailure, joinAlpn } from '#cluster';
import { createNodeCertificates, createNodeClock, createNodeNetwork } from '#io/node';
import { encodeJoinMessage } from '../../../src/cluster/join/codec/encode.ts';
import { FrameReader } from '../../../src/cluster/join/codec/frame.ts';
import { newPasswordProof } from '../../../src/cluster/join/password-proof.ts';
import { controls, loopbackWorld, password, type TestServer, type World } from './world.ts';

async function pair(): Promise<{
  readonly world: World;
  readonly controller: TestServer;
  readonly member: TestServer;
}> {
  const world = await loopbackWorld();
  const controller = await world.server({ name: 'alpha', address: '127.0.0.1' });
  await controls(world, controller);
  const member = await world.server({ name: 'beta', address: '127.0.0.1' });
  controller.log.length = 0;
  return { world, controller, member };
}

const join = (member: TestServer, port: number, secret = 'secret'): Promise<unknown> =>
  member.cluster.join({ host: '127.0.0.1', port, hashedPassword: password(secret) }, member.progress);

/** Speaks TLS with a certificate of its own to both, and passes every byte on. */
async function middleman(targetPort: number): Promise<{ readonly port: number; passedBytes: number }> {
  const network = createNodeNetwork();
  const identity = await createNodeCertificates(createNodeClock()).makeSelfSigned({ hostName: 'middle.example' });
  const middle = { port: 0, passedBytes: 0 };
  const listener = await network.listenTls({
    host: '127.0.0.1',
    port: 0,
    identity: () => identity,
    alpn: [joinAlpn],
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: () => undefined,
    connected: (near) => {
      const dial = { host: '127.0.0.1', port: targetPort, timeoutMs: 5_000, tls: true, alpn: [joinAlpn] };
      void network.dial(dial).then((far) => {
        const pass = (to: typeof near) => ({
          data: (chunk: Buffer): void => {
            middle.passedBytes += chunk.length;
            to.write(Buffer.from(chunk));
          },
          closed: (): void => to.close(),
        });
        near.receive(pass(far));
        far.receive(pass(near));
      });
    },
  });
  onTestFinished(() => listener.close());
  middle.port = listener.local.port;
  return middle;
}

describe('joining over real TLS', () => {
  test('works where nobody is between', async () => {
    const { member, controller } = await pair();
    await join(member, controller.port);
    expect(member.state.current?.settings).toMatchObject({ mode: 'member', publicPorts: [member.port] });
  });

  test('fails through somebody in the middle, though both sides know the password', async () => {
    const { member, controller } = await pair();
    const middle = await middleman(controller.port);
    const failure: unknown = await join(member, middle.port).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ClusterFailure);
    expect(failure).toMatchObject({ code: 'WRONG_PASSWORD' });
    expect((failure as Error).message).toContain('somebody sits between the two servers');
    expect(middle.passedBytes).toBeGreaterThan(200);
    expect(controller.log.at(-1)?.text).toContain('wrong password');
    expect(member.state.current).toBeUndefined();
    expect(controller.engine.admitted.has('beta')).toBe(false);
  });

  test('reveals nothing to an impostor that could be tried against passwords, and says what it is', async () => {
    const { member } = await pair();
    const impostor = await impostorThatKnows('another password');
    const failure: unknown = await join(member, impostor.port).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'MAN_IN_THE_MIDDLE', step: "prove the controller's password" });
    expect((failure as Error).message).toContain('did not prove that it knows the password');
    // What it has seen fits its own one guess or not; for every further guess it has to ask again.
    expect(impostor.isConfirmed).toBe(false);
  });
});

/** A controller that takes every proof for right, and then proves another password. */
async function impostorThatKnows(secret: string): Promise<{ readonly port: number; isConfirmed: boolean | undefined }> {
  const network = createNodeNetwork();
  const identity = await createNodeCertificates(createNodeClock()).makeSelfSigned({ hostName: 'impostor.example' });
  const impostor: { port: number; isConfirmed: boolean | undefined } = { port: 0, isConfirmed: undefined };
  const random = { bytes: (length: number) => Buffer.alloc(length, 7), below: () => 0 };
  const listener = await network.listenTls({
    host: '127.0.0.1',
    port: 0,
    identity: () => identity,
    alpn: [joinAlpn],
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: () => undefined,
    connected: (stream) => {
      const session = stream.tls?.exportKeyingMaterial?.('EXPORTER-hubfarm-join', 32) ?? Buffer.alloc(0);
      const own = newPasswordProof('B', password(secret), random);
      const reader = new FrameReader();
      let result: ReturnType<typeof own.finish>;
      stream.receive({
        data: (chunk) => {
          reader.push(chunk);
          const message = reader.take(10_000) as { kind: string; share: string; confirmation: string } | undefined;
          if (message?.kind === 'hello') {
            result = own.finish(Buffer.from(message.share, 'base64'), session);
            stream.write(encodeJoinMessage({ kind: 'share', protocol: 1, version: 'x', share: own.share }));
          } else if (message?.kind === 'proof' && result !== undefined) {
            impostor.isConfirmed = result.isConfirmedBy(Buffer.from(message.confirmation, 'base64'));
            const { confirmation } = result;
            stream.write(encodeJoinMessage({ kind: 'proof', confirmation, clusterId: '0123456789abcdef' }));
          }
        },
        closed: () => undefined,
      });
    },
  });
  onTestFinished(() => listener.close());
  impostor.port = listener.local.port;
  return impostor;
}
