import { connect } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ByteStream } from '#io';
import { createNodeNetwork } from '#io/node';
import { Recorder } from '../recorder.ts';
import { listen } from './loopback.ts';

const network = createNodeNetwork();
const label = 'EXPORTER-hubfarm-test';
const material = (stream: ByteStream): Buffer | undefined => stream.tls?.exportKeyingMaterial?.(label, 32);

async function pair(alpn: readonly string[]): Promise<readonly [ByteStream, ByteStream]> {
  const listener = await listen({ alpn: ['hubfarm-test', 'other'] });
  const options = { host: '127.0.0.1', port: listener.port, timeoutMs: 5_000, tls: true };
  const client = await network.dial(alpn.length === 0 ? options : { ...options, alpn });
  return [client, await listener.accepted()];
}

describe('a protocol that client and listener agree on', () => {
  test('is named at both ends, over TLS 1.3', async () => {
    const [client, server] = await pair(['http/1.1', 'hubfarm-test']);
    for (const { tls } of [client, server]) expect(tls).toMatchObject({ alpn: 'hubfarm-test', protocol: 'TLSv1.3' });
  });

  test('gives keying material that is the same at both ends, and another in each session', async () => {
    const [client, server] = await pair(['hubfarm-test']);
    const [other] = await pair(['hubfarm-test']);
    expect(material(client)).toHaveLength(32);
    expect(material(client)).toEqual(material(server));
    expect(material(client)).not.toEqual(material(other));
    expect(client.tls?.exportKeyingMaterial?.('another label', 32)).not.toEqual(material(client));
  });

  test('gives none any more when the session has ended', async () => {
    const [client, server] = await pair(['hubfarm-test']);
    const sink = new Recorder();
    server.receive(sink);
    client.destroy();
    await sink.ended();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(() => material(client)).not.toThrow();
  });

  test.each([{ offered: [] }, { offered: ['h2', 'http/1.1'] }])(
    'does not touch clients that offer $offered',
    async ({ offered }) => {
      const [client, server] = await pair(offered);
      for (const { tls } of [client, server]) {
        expect(tls?.alpn).toBeUndefined();
        expect(tls?.exportKeyingMaterial).toBeUndefined();
      }
    },
  );

  test('does not refuse a browser, which asks for HTTP', async () => {
    const { port } = await listen({ alpn: ['hubfarm-test'] });
    const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['h2', 'http/1.1'], rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe(false);
    socket.destroy();
  });
});
