import { execPath } from 'node:process';
import { seenSources, watchSources, type BalancedFarm } from './balanced-farm.ts';
import type { Host } from './namespaces.ts';
import { Sipp, writeUsers, type SippFigures, type SippRun, type SipUser } from './sipp.ts';

type Transport = 'udp' | 'tcp';

export interface Outcome {
  readonly registered: SippFigures;
  readonly caller: SippFigures;
  readonly callee: SippFigures;
}

const busyTelephones = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (message, { address, port }) => {
  const [start, ...lines] = message.toString('latin1').split('\\r\\n\\r\\n')[0].split('\\r\\n');
  if (!start.startsWith('INVITE ')) return;
  const kept = lines.filter((line) => /^(via|v|from|f|to|t|call-id|i|cseq) *:/i.test(line));
  const top = kept.findIndex((line) => /^(via|v) *:/i.test(line));
  kept[top] = kept[top].replace(/;rport(?=;|,|$)/, ';rport=' + port + ';received=' + address);
  const answer = kept.map((line) => (/^(to|t) *:/i.test(line) ? line + ';tag=busy' : line));
  socket.send(['SIP/2.0 486 Busy Here', ...answer, 'Content-Length: 0', '', ''].join('\\r\\n'), port, address);
});
socket.bind(Number(process.argv[1]));`;

/** Telephones outside: they register and call through the virtual address. */
export class OutsideCalls {
  readonly #farm: BalancedFarm;
  readonly #callers: Host;
  readonly #callees: Host;
  readonly #users: SipUser[];
  #port = 6000;

  constructor(
    farm: BalancedFarm,
    hosts: { readonly callers: Host; readonly callees: Host },
    users: readonly SipUser[],
  ) {
    this.#farm = farm;
    this.#callers = hosts.callers;
    this.#callees = hosts.callees;
    this.#users = [...users];
  }

  get hosts(): readonly Host[] {
    return [this.#callers, this.#callees];
  }

  /** The next port each time: what is late from an earlier run reaches nobody. */
  #nextPort(): number {
    this.#port += 2;
    return this.#port;
  }

  #start(host: Host, scenario: string, more: Partial<SippRun>): Sipp {
    return new Sipp(host, { scenario, target: this.#farm.target, port: this.#nextPort(), rate: 20, ...more });
  }

  /** Users register at the callees' host, each from its own socket there, and are called. Never rejects for lost calls. */
  async call(calls: number, transport: Transport = 'udp', more: Partial<SippRun> = {}): Promise<Outcome> {
    const users = this.#users.splice(0, calls);
    if (users.length < calls) throw new Error('no users are left');
    const file = writeUsers(this.#callees, users);
    const port = this.#nextPort();
    const contact = `${this.#callees.address}:${port}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    const registration = this.#start(this.#callees, 'register', {
      ...{ calls, transport, users: file, keys: { contact } },
      ...more,
    });
    const registered = await registration.ended();
    const answering = new Sipp(this.#callees, { scenario: 'callee', port, transport, calls });
    await this.#callees.receives(transport, port);
    const calling = this.#start(this.#callers, 'caller', { calls, transport, users: file, holdMs: 500, ...more });
    try {
      const caller = await calling.ended();
      return { registered, caller, callee: await answering.settled() };
    } finally {
      await answering.stop();
      await calling.stop();
    }
  }

  /** Users are called at telephones that are busy, and say in their answers where each question came from (RFC 3581 §4). */
  async callBusy(calls: number): Promise<void> {
    const file = writeUsers(this.#callees, this.#users.splice(0, calls));
    const port = this.#nextPort();
    const contact = `${this.#callees.address}:${port}`;
    await this.#start(this.#callees, 'register', { calls, users: file, keys: { contact }, timeoutMs: 20_000 }).ended();
    const telephones = this.#callees.start(execPath, ['--input-type=commonjs', '-e', busyTelephones, `${port}`]);
    await this.#callees.receives('udp', port);
    try {
      await this.#start(this.#callers, 'caller', { calls, users: file, timeoutMs: 20_000 }).ended();
    } finally {
      await telephones.kill();
    }
  }

  /** As `call`, with what came from where meanwhile. */
  async watched(
    address: string,
    call: () => Promise<Outcome>,
  ): Promise<Outcome & { readonly expected: number; readonly unexpected: number }> {
    for (const host of this.hosts) await watchSources(host, address);
    const outcome = await call();
    const seen = await Promise.all(this.hosts.map(seenSources));
    return {
      ...outcome,
      expected: seen.reduce((sum, { expected }) => sum + expected, 0),
      unexpected: seen.reduce((sum, { unexpected }) => sum + unexpected, 0),
    };
  }
}

export interface Questions {
  readonly count: number;
  /** Of each. */
  readonly bytes: number;
  /** OPTIONS any server answers by itself; MESSAGE, to a user that there is not, the one that works on it. */
  readonly method: 'OPTIONS' | 'MESSAGE';
}

/**
 * Asks one thing after the other from one connected socket: it gets only what comes from the very place that it asked, as
 * behind a firewall. Returns how many were answered.
 */
export async function askConnected(host: Host, target: string, { count, bytes, method }: Questions): Promise<number> {
  const program = `
const [target, count, bytes, method] = process.argv.slice(1);
const [address, port] = target.split(':');
const socket = require('node:dgram').createSocket('udp4');
const answered = new Set();
const ask = (number) => {
  const uri = method === 'OPTIONS' ? 'sip:' + target : 'sip:nobody@farm.test';
  const head = [method + ' ' + uri + ' SIP/2.0', 'Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK' + process.pid + '-' + number,
    'From: <sip:probe@farm.test>;tag=' + number, 'To: <sip:probe@farm.test>', 'Call-ID: ' + process.pid + '-' + number,
    'CSeq: 1 ' + method, 'Max-Forwards: 70', 'Content-Length: 0'].join('\\r\\n');
  const padding = Math.max(0, Number(bytes) - head.length - 20);
  socket.send(head + '\\r\\nX-Padding: ' + 'x'.repeat(padding) + '\\r\\n\\r\\n');
};
socket.on('message', (message) => answered.add(/^Call-ID: *(\\S+)/im.exec(message.toString('latin1'))?.[1]));
socket.connect(Number(port), address, () => {
  let number = 0;
  const timer = setInterval(() => {
    if (number < Number(count)) ask(number++);
    else { clearInterval(timer); setTimeout(() => { console.log(answered.size); process.exit(0); }, 1000); }
  }, 20);
});`;
  const args = ['--input-type=commonjs', '-e', program, target, `${count}`, `${bytes}`, method];
  return Number((await host.mustRun(execPath, args, { timeoutMs: 60_000 })).trim());
}

/** Whether a datagram to this place comes back to the sender, from that very place: `echo` runs there meanwhile. */
export async function echoes(client: Host, target: string, server: Host): Promise<boolean> {
  const [address = '', port = ''] = target.split(':');
  const echo = server.start(execPath, [
    '--input-type=commonjs',
    '-e',
    `const s = require('node:dgram').createSocket('udp4');
s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(${port}, '0.0.0.0');`,
  ]);
  try {
    await server.receives('udp', Number(port));
    const program = `
const s = require('node:dgram').createSocket('udp4');
s.on('message', () => { console.log('back'); process.exit(0); });
s.connect(${port}, '${address}', () => { s.send('there'); setTimeout(() => { console.log('lost'); process.exit(0); }, 2000); });`;
    return (await client.mustRun(execPath, ['--input-type=commonjs', '-e', program])).trim() === 'back';
  } finally {
    await echo.kill();
  }
}
