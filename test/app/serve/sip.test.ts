import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePorts } from '../../io/node/free-ports.ts';
import { ServeProcess } from './serve-process.ts';

let folder: string;
let server: ServeProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-sip-'));
});

afterEach(async () => {
  await server?.signal('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Ports {
  readonly main: number;
  readonly sip: number;
  readonly tls: number;
  readonly wss: number;
}

async function serve(
  settings: (ports: Ports) => readonly string[],
): Promise<Ports & { readonly server: ServeProcess }> {
  const main = await freePorts(6);
  const ports = { main, sip: main + 2, tls: main + 4, wss: main + 5 };
  server = new ServeProcess(join(folder, 'data'), ['--listen', `127.0.0.1:${main}`, ...settings(ports)]);
  await server.isUp();
  return { ...ports, server };
}

/** Is it there? (RFC 3261 §11) */
const question = (transport: string, port: number): string =>
  [
    `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/${transport} client.invalid;rport;branch=z9hG4bK${Math.random()}`,
    'From: <sip:a@example.org>;tag=1',
    'To: <sip:127.0.0.1>',
    `Call-ID: ${Math.random()}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');

async function udpSocket(address = '127.0.0.1'): Promise<UdpSocket> {
  const socket = createSocket('udp4').bind(0, address);
  onTestFinished(() => {
    socket.close();
  });
  await once(socket, 'listening');
  return socket;
}

async function askByUdp(port: number): Promise<string> {
  const socket = await udpSocket();
  socket.send(question('UDP', port), port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  return answer.toString();
}

async function askByStream(socket: ReturnType<typeof connect>, transport: string, port: number): Promise<string> {
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(question(transport, port));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

async function askByWebSocket(url: string, port: number): Promise<string> {
  const socket = new WebSocket(url, 'sip', { rejectUnauthorized: false });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send(question('WSS', port));
  const [answer] = (await once(socket, 'message')) as [Buffer];
  return answer.toString();
}

async function pageOf(port: number, path: string): Promise<string> {
  const call = get({ host: '127.0.0.1', port, path, rejectUnauthorized: false });
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe('hubfarm serve with SIP', () => {
  test('answers by UDP, TCP, TLS and WebSocket, that on its main port too, and says where', async () => {
    const { server, main, sip, tls, wss } = await serve((ports) => [
      ...['--sip', `127.0.0.1:${ports.sip}`],
      ...['--set', `sip.tls=127.0.0.1:${ports.tls}`, `sip.wss=127.0.0.1:${ports.wss}`],
    ]);
    expect(server.stderr).toContain(`SIP on udp, tcp 127.0.0.1:${sip}; tls 127.0.0.1:${tls}; wss 127.0.0.1:${wss}`);
    const answers = [
      await askByUdp(sip),
      await askByStream(connect(sip, '127.0.0.1'), 'TCP', sip),
      await askByStream(connectTls({ host: '127.0.0.1', port: tls, rejectUnauthorized: false }), 'TLS', tls),
      await askByWebSocket(`wss://127.0.0.1:${wss}`, wss),
      await askByWebSocket(`wss://127.0.0.1:${main}/sip`, wss),
    ];
    expect(answers.map((answer) => answer.split('\r\n', 1)[0])).toEqual(Array(5).fill('SIP/2.0 200 OK'));
    const page = await pageOf(main, '/metrics');
    expect(page).toContain('hubfarm_sip_requests_total{direction="received",method="OPTIONS"} 5');
    expect(page).toContain('hubfarm_sip_responses_total{direction="sent",code="200"} 5');
    expect((await server.signal('SIGTERM')).code).toBe(0);
  });

  test('serves without a port that another program has, says so, and takes it when it is free', async () => {
    const rival = createSocket('udp4').bind(0, '127.0.0.1');
    await once(rival, 'listening');
    const { port } = rival.address();
    const { server } = await serve(() => ['--sip', `127.0.0.1:${port}`]);
    expect(server.stderr).toContain(`SIP on tcp 127.0.0.1:${port}`);
    expect(server.stderr).toContain(
      `not by udp: cannot listen on 127.0.0.1:${port}: another program uses this UDP port`,
    );
    const gone = once(rival, 'close');
    rival.close();
    await gone;
    await expect.poll(() => server.stdout, { timeout: 20_000 }).toMatch(/"transport":"udp".*listening for SIP/);
    expect(await askByUdp(port)).toContain('SIP/2.0 200 OK');
  });

  test('is one server of all members on the same port, or one of each on ports of its own', async () => {
    const own = await serve((ports) => [
      ...['--members', '2', '--sip', `127.0.0.1:${ports.sip}`],
      ...['--set', 'sip.sharePorts=false'],
    ]);
    expect(own.server.stderr).toContain(`SIP on udp, tcp 127.0.0.1:${own.sip}; udp, tcp 127.0.0.1:${own.sip + 1}`);
    expect(await askByUdp(own.sip)).toContain('200 OK');
    expect(await askByUdp(own.sip + 1)).toContain('200 OK');
    // The runtime complains of file descriptors that a thread closes and has not opened.
    const { stderr } = await own.server.signal('SIGTERM');
    expect(stderr).not.toContain('Warning');
    const shared = await serve((ports) => ['--members', '2', '--sip', `127.0.0.1:${ports.sip}`]);
    for (let i = 0; i < 16; i++) expect(await askByUdp(shared.sip)).toContain('200 OK');
  });
});
