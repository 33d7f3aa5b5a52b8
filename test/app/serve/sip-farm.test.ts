import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../io/node/free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';

const calls = 24;

let folder: string;
let data: string;
let server: ServeProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-farm-'));
  data = join(folder, 'data');
});

afterEach(async () => {
  await server?.signal('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(...more: readonly string[]): Promise<{ readonly main: number; readonly sip: number }> {
  const main = await freePorts(6);
  const sip = main + 4;
  server = new ServeProcess(data, ['--listen', `127.0.0.1:${main}`, '--sip', `127.0.0.1:${sip}`, ...more]);
  await server.isUp();
  return { main, sip };
}

type Rows = readonly Readonly<Record<string, unknown>>[];

async function call(method: string, params: object = {}): Promise<Readonly<Record<string, Rows>>> {
  const answer = await callLocal(data, method, params);
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result as Readonly<Record<string, Rows>>;
}

const farm = async (): Promise<Rows> => (await call('HubfarmSipGetFarm'))['MemberList'] ?? [];

/** A question to somebody who is not there, twice in one call, each by a socket of its own: as two telephones, or none. */
async function ask(port: number, callId: string, cseq: number): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => {
    socket.close();
  });
  await once(socket, 'listening');
  const request = [
    `OPTIONS sip:nobody@farm.test SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK${callId}${cseq};rport`,
    'From: <sip:a@other.test>;tag=1',
    'To: <sip:nobody@farm.test>',
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} OPTIONS`,
    'Max-Forwards: 70',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  socket.send(request, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  return answer.toString().split('\r\n', 1)[0] ?? '';
}

describe('hubfarm serve --members 3 with one SIP port', () => {
  test('is one farm: whichever member the kernel gives a datagram to, one works on a call, and all can answer', async () => {
    const { sip } = await serve('--members', '3', '--set', 'sip.trusted=127.0.0.0/8');
    await call('HubfarmSipCreateDomain', { Domain_str: 'farm.test' });
    await expect.poll(farm, { timeout: 20_000 }).toHaveLength(3);
    await expect
      .poll(async () => (await farm()).every((row) => row['InFarm_bool'] === true), { timeout: 20_000 })
      .toBe(true);
    for (const row of await farm()) {
      expect(row).toMatchObject({ Role_str: 'threads', Farm_str: 'auto', FarmResolved_str: 'member', Problem_str: '' });
    }
    for (let at = 0; at < calls; at++) {
      for (const cseq of [1, 2]) expect(await ask(sip, `call${at}`, cseq)).toBe('SIP/2.0 404 Not Found');
    }
    const figures = (await call('HubfarmSipGetStatus'))['FigureList'] ?? [];
    const sum = (name: string): number =>
      figures.reduce((total, row) => total + (row['Name_str'] === name ? Number(row['Value_u64']) : 0), 0);
    expect(sum('farm.received')).toBe(2 * calls);
    expect(sum('farm.relayedOut')).toBeGreaterThan(0);
    expect(sum('farm.relayedIn')).toBe(sum('farm.relayedOut') + sum('farm.secondHops'));
    expect([sum('farm.badFrames'), sum('farm.staleFrames'), sum('farm.failures')]).toEqual([0, 0, 0]);
  });

  test('takes settings at run time, keeps them over a restart, and says what is odd about them', async () => {
    await serve('--members', '2');
    await call('HubfarmSipSetFarm', { Farm_str: 'disabled', WanAddress_str: '203.0.113.1' });
    const isDisabled = async (): Promise<boolean> =>
      (await farm()).every((row) => row['FarmResolved_str'] === 'disabled' && row['InFarm_bool'] === false);
    await expect.poll(isDisabled, { timeout: 10_000 }).toBe(true);
    expect((await call('HubfarmSipGetFarm'))['WarningList']).toContainEqual(
      expect.objectContaining({ Code_str: 'threads-apart' }),
    );
    await server?.signal('SIGKILL');
    await serve('--members', '2');
    await expect.poll(isDisabled, { timeout: 10_000 }).toBe(true);
    expect((await call('HubfarmSipGetFarm'))['SettingList']).toContainEqual({
      Name_str: 'wanAddress',
      Value_str: '203.0.113.1',
      Source_str: 'server',
    });
  });
});

test('a server with one member is alone, and in no farm', async () => {
  await serve();
  expect(await farm()).toMatchObject([{ Role_str: 'alone', FarmResolved_str: 'disabled', InFarm_bool: false }]);
});
