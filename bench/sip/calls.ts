/**
 * What a call costs without the kernel: INVITE, 180, 200, ACK, BYE, 200 through a whole server, over sockets in memory and
 * with a clock of its own, by which a thousand calls a second are made. Microseconds of CPU of all threads (the compiler's
 * and the collector's too; the telephones are in it with some 5 µs), bytes of garbage, and of what waits for timers.
 *
 *     node -C hubfarm-source --expose-gc bench/sip/calls.ts [rounds] [calls a round]
 *
 * `BENCH_SITES=1` lists what is allocated where instead.
 */
import { Session } from 'node:inspector/promises';
import { env } from 'node:process';
import { openEmbedded } from '#backplane';
import { hashHex, Lifecycle, silentLogger } from '#base';
import type { Clock, Datagram, Datagrams, DatagramSink, Timer } from '#io';
import { createNodeIo } from '#io/node';
import { defaultMediaConfig, MediaProxy, PortPool, type MediaRelay } from '#media';
import { defaultSipConfig, openSip, passwordHashes } from '#sip';
import { allocationSites } from './allocation-sites.ts';

const rounds = Number(process.argv[2] ?? 6);
const callsPerRound = Number(process.argv[3] ?? 20_000);
const domain = 'farm.test';
const userCount = 1000;
const callsPerMs = 1;
const host = '192.0.2.1';
const callerAddress = '192.0.2.2';
const calleeAddress = '192.0.2.3';

/** Time that passes when it is told to. */
class SteppedClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ dueMs: number; readonly everyMs: number; readonly run: () => void }>();
  readonly #soon: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add(delayMs, 0, run);
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#add(intervalMs, intervalMs, run);
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const run of this.#soon.splice(0)) run();
    for (const timer of this.#timers) {
      if (timer.dueMs > this.#nowMs) continue;
      if (timer.everyMs === 0) this.#timers.delete(timer);
      else timer.dueMs += timer.everyMs;
      timer.run();
    }
  }

  #add(delayMs: number, everyMs: number, run: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, everyMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }
}

let deliver: DatagramSink['received'] = () => undefined;
/** What the server has sent and nobody has looked at. */
const wire: { readonly bytes: Buffer; readonly port: number }[] = [];

function memorySocket(port: number): Datagram {
  return {
    local: { address: host, port },
    counters: {
      receivedDatagrams: 0,
      receivedBytes: 0,
      wakeUps: 0,
      sentDatagrams: 0,
      sentBytes: 0,
      refusedDatagrams: 0,
      unreachables: 0,
    },
    receive: (sink) => {
      deliver = (bytes, address, remotePort) => sink.received(bytes, address, remotePort);
    },
    send: (bytes, _address, remotePort) => wire.push({ bytes: Buffer.from(bytes), port: remotePort }),
    flush: () => undefined,
    close: () => undefined,
  };
}

const datagrams: Datagrams = {
  means: 'memory',
  bind: ({ port }) => Promise.resolve(memorySocket(port)),
  sourceFor: () => Promise.resolve(host),
  interfaceAddresses: () => [{ address: host, prefixLength: 24 }],
};
const relay: MediaRelay = {
  means: 'none',
  open: () => ({ kind: 'refused', port: undefined, reason: 'a bench' }),
  figures: () => ({ sessions: 0, streams: 0, kernelStreams: 0, packets: 0, octets: 0, droppedPackets: 0 }),
};

const io = createNodeIo();
const clock = new SteppedClock();
const lifecycle = new Lifecycle();
const backplane = await openEmbedded({ path: ':memory:', clock: io.clock });
const sip = await openSip(
  {
    ...io,
    clock,
    logger: silentLogger,
    backplane,
    datagrams,
    identity: () => {
      throw new Error('no certificate here');
    },
    callRecords: { write: () => true },
    media: {
      isRefusedWhenFull: false,
      proxy: new MediaProxy(
        {
          relay,
          ports: new PortPool(defaultMediaConfig.ports),
          machine: { sourceFor: () => host, has: (address) => address === host },
          logger: silentLogger,
          clock,
        },
        defaultMediaConfig,
        { wanAddress: '', lanNetworks: [] },
      ),
    },
    seat: { index: 0, count: 1 },
    member: 'm1',
    memberName: '',
  },
  { ...defaultSipConfig, listen: [{ host, port: 5060 }], trusted: ['192.0.2.0/24'] },
  lifecycle,
);
const userOf = (at: number): string => `u${String(at % userCount).padStart(6, '0')}`;
await sip.accounts.directory.createDomain(domain);
await sip.accounts.directory.createAccounts(
  domain,
  Array.from({ length: userCount }, (_, at) => ({
    user: userOf(at),
    ...passwordHashes(userOf(at), domain, 'secret'),
    aliases: [],
    displayName: '',
    isEnabled: true,
    maxContacts: 0,
    createdAtMs: 0,
    updatedAtMs: 0,
  })),
);

/** As it comes from a socket: cut from a larger piece of memory. */
let slab = Buffer.allocUnsafeSlow(65_536);
let slabEnd = 0;
function sendFrom(text: string, address: string, port: number): void {
  if (slabEnd + text.length > slab.length) {
    slab = Buffer.allocUnsafeSlow(65_536);
    slabEnd = 0;
  }
  const bytes = slab.subarray(slabEnd, slabEnd + text.length);
  bytes.write(text, 0, 'latin1');
  slabEnd += text.length;
  deliver(bytes, address, port);
}

function next(port: number): string {
  for (;;) {
    const sent = wire.shift();
    if (sent === undefined) throw new Error(`call ${serial}: nothing more was sent to port ${port}`);
    if (sent.port === port) return sent.bytes.toString('latin1');
  }
}

const sdp = (address: string): string =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101\r\n` +
  'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n';
const callerSdp = sdp(callerAddress);
const calleeSdp = sdp(calleeAddress);

/** Lines of a request whose names begin so, as they came. */
function linesOf(text: string, start: string): string {
  let lines = '';
  for (let at = text.indexOf(`\r\n${start}`); at >= 0;) {
    const end = text.indexOf('\r\n', at + 2);
    lines += text.slice(at + 2, end + 2);
    at = text.indexOf(`\r\n${start}`, end);
  }
  return lines;
}

function register(at: number): void {
  const contact = `<sip:${userOf(at)}@${calleeAddress}:5080>`;
  const request = (cseq: number, more: string): string =>
    `REGISTER sip:${domain} SIP/2.0\r\nVia: SIP/2.0/UDP ${calleeAddress}:5080;branch=z9hG4bK-r${at}-${cseq}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:${userOf(at)}@${domain}>;tag=r${at}\r\nTo: <sip:${userOf(at)}@${domain}>\r\n` +
    `Call-ID: r${at}\r\nCSeq: ${cseq} REGISTER\r\nContact: ${contact}\r\nExpires: 3600\r\n${more}Content-Length: 0\r\n\r\n`;
  sendFrom(request(1, ''), calleeAddress, 5080);
  const nonce = /nonce="([^"]+)"/.exec(next(5080))?.[1] ?? '';
  const ha1 = hashHex('md5', `${userOf(at)}:${domain}:secret`);
  const ha2 = hashHex('md5', `REGISTER:sip:${domain}`);
  const response = hashHex('md5', `${ha1}:${nonce}:00000001:abc:auth:${ha2}`);
  sendFrom(
    request(
      2,
      `Authorization: Digest username="${userOf(at)}", realm="${domain}", nonce="${nonce}", uri="sip:${domain}", ` +
        `response="${response}", algorithm=MD5, cnonce="abc", nc=00000001, qop=auth\r\n`,
    ),
    calleeAddress,
    5080,
  );
}

let serial = 0;
let ok = 0;

function call(): void {
  const number = ++serial;
  const from = `From: <sip:caller${number}@${domain}>;tag=4711-${number}\r\n`;
  const to = `To: <sip:${userOf(number)}@${domain}>`;
  const common = `Call-ID: ${number}-4711@${callerAddress}\r\n`;
  const contact = `Contact: <sip:caller@${callerAddress}:6000;transport=UDP>\r\n`;
  const via = (step: number): string =>
    `Via: SIP/2.0/UDP ${callerAddress}:6000;branch=z9hG4bK-4711-${number}-${step};rport\r\nMax-Forwards: 70\r\n`;
  sendFrom(
    `INVITE sip:${userOf(number)}@${domain} SIP/2.0\r\n${via(0)}${from}${to}\r\n${common}CSeq: 1 INVITE\r\n${contact}` +
      `Content-Type: application/sdp\r\nContent-Length: ${callerSdp.length}\r\n\r\n${callerSdp}`,
    callerAddress,
    6000,
  );
  const invite = next(5080);
  const copied =
    `${linesOf(invite, 'Via:')}${linesOf(invite, 'Record-Route:')}${from}${to};tag=c${number}\r\n${common}CSeq: 1 INVITE\r\n` +
    `Contact: <sip:callee@${calleeAddress}:5080;transport=UDP>\r\n`;
  sendFrom(`SIP/2.0 180 Ringing\r\n${copied}Content-Length: 0\r\n\r\n`, calleeAddress, 5080);
  next(6000);
  sendFrom(
    `SIP/2.0 200 OK\r\n${copied}Content-Type: application/sdp\r\nContent-Length: ${calleeSdp.length}\r\n\r\n${calleeSdp}`,
    calleeAddress,
    5080,
  );
  const routes = linesOf(next(6000), 'Record-Route:').replaceAll('Record-Route:', 'Route:');
  const inDialog = (method: string, step: number): string =>
    `${method} sip:callee@${calleeAddress}:5080;transport=UDP SIP/2.0\r\n${via(step)}${routes}${from}${to};tag=c${number}\r\n` +
    `${common}CSeq: ${method === 'ACK' ? 1 : 2} ${method}\r\n${contact}Content-Length: 0\r\n\r\n`;
  sendFrom(inDialog('ACK', 1), callerAddress, 6000);
  next(5080);
  sendFrom(inDialog('BYE', 2), callerAddress, 6000);
  const bye = next(5080);
  sendFrom(
    `SIP/2.0 200 OK\r\n${linesOf(bye, 'Via:')}${from}${to};tag=c${number}\r\n${common}CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n`,
    calleeAddress,
    5080,
  );
  if (next(6000).startsWith('SIP/2.0 200')) ok++;
}

function makeCalls(count: number): void {
  for (let at = 0; at < count; at++) {
    call();
    wire.length = 0;
    if (at % callsPerMs === 0) clock.pass(1);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (let at = 0; at < userCount; at++) register(at);
for (let waited = 0; waited < 2000 && wire.length < userCount; waited++) {
  clock.pass(50);
  await turn();
}
wire.length = 0;
console.log(`${sip.accounts.location.bindingCount} registrations`);

if (env['BENCH_SITES'] === '1') {
  makeCalls(callsPerRound);
  await turn();
  const session = new Session();
  session.connect();
  console.log(await allocationSites(session, callsPerRound, () => makeCalls(callsPerRound)));
} else {
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    for (let part = 0; part < 20; part++) {
      makeCalls(callsPerRound / 20);
      await turn();
    }
    const elapsedUs = (performance.now() - startedMs) * 1000;
    const { user, system } = process.cpuUsage(before);
    globalThis.gc?.();
    const held = process.memoryUsage();
    console.log(
      `${((user + system) / callsPerRound).toFixed(1).padStart(7)} us of CPU, ${(elapsedUs / callsPerRound).toFixed(1)} us elapsed; ` +
        `heap ${(held.heapUsed / 1e6).toFixed(0)} MB, buffers ${(held.arrayBuffers / 1e6).toFixed(0)} MB`,
    );
  }
}
const { transactions } = sip.figures();
console.log(`${ok} of ${serial} calls; ${JSON.stringify(transactions)}`);
process.exit(0);
