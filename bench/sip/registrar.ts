/**
 * What a registration costs without sockets: REGISTER, 401, REGISTER with its digest, 200, through the whole server over
 * a transport that only counts; and what 100,000 registrations hold in memory.
 *
 *   node --conditions=hubfarm-source --expose-gc bench/sip/registrar.ts [accounts] [seconds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '#backplane';
import { hashHex, Lifecycle, silentLogger } from '#base';
import { createNodeClock, createNodeRandom, createNodeThreads } from '#io/node';
import {
  decodeMessage,
  defaultRegistrarSettings,
  defaultSipGuardLimits,
  openSipAccounts,
  passwordHashes,
  SipMessage,
} from '#sip';
import { Incoming } from '../../src/sip/proxy/incoming.ts';
import { reply } from '../../src/sip/transaction/reply.ts';
import type { ServerTransaction } from '../../src/sip/transaction/server-transaction.ts';
import type { Hop } from '../../src/sip/transport/hop.ts';

const accountCount = Number(process.argv[2] ?? 100_000);
const seconds = Number(process.argv[3] ?? 5);
const domain = 'example.org';
const inFlight = 400;

const folder = mkdtempSync(join(tmpdir(), 'hubfarm-bench-registrar-'));
const clock = createNodeClock();
const backplane = await openEmbedded({ path: join(folder, 'store.db'), clock, threads: createNodeThreads() });
const lifecycle = new Lifecycle();
const { directory, authenticator, registrar, location } = await openSipAccounts(
  {
    backplane,
    clock,
    random: createNodeRandom(),
    logger: silentLogger,
    member: '',
    settings: {
      nonceLifetimeS: 300,
      digestAlgorithms: ['MD5'],
      guard: defaultSipGuardLimits,
      registrar: defaultRegistrarSettings,
    },
  },
  lifecycle,
);

const memory = (): number => {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const userOf = (at: number): string => `u${String(at % accountCount).padStart(6, '0')}`;
const empty = memory();
const importStarted = performance.now();
await directory.createDomain(domain);
for (let at = 0; at < accountCount; at += 2_000) {
  const count = Math.min(2_000, accountCount - at);
  await directory.createAccounts(
    domain,
    Array.from({ length: count }, (_, i) => ({
      user: userOf(at + i),
      ...passwordHashes(userOf(at + i), domain, `pw${at + i}`),
      aliases: [],
      displayName: '',
      isEnabled: true,
      maxContacts: 0,
      createdAtMs: 0,
      updatedAtMs: 0,
    })),
  );
}
console.log(`${accountCount} accounts made in ${((performance.now() - importStarted) / 1000).toFixed(1)} s`);
const withAccounts = memory();
console.log(
  `accounts: ${megabytes(withAccounts - empty)}, ${((withAccounts - empty) / accountCount).toFixed(0)} B each`,
);

const hops: Hop[] = Array.from({ length: 256 }, (_, at) => ({
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  socketId: 1,
  remoteAddress: `198.51.100.${at}`,
  remotePort: 5060,
  connectionId: 0,
  receivedMs: 0,
}));

function registerBytes(at: number, round: number, cseq: number, authorization: string): Buffer {
  const user = userOf(at);
  const address = `198.51.100.${at % 256}`;
  return Buffer.from(
    `REGISTER sip:${domain} SIP/2.0\r\nVia: SIP/2.0/UDP ${address}:5060;branch=z9hG4bK-${at}-${round}-${cseq}\r\n` +
      `From: <sip:${user}@${domain}>;tag=${at}\r\nTo: <sip:${user}@${domain}>\r\nCall-ID: ${at}-${round}@${address}\r\n` +
      `CSeq: ${cseq} REGISTER\r\nContact: <sip:${user}@${address}:5060;transport=udp>\r\nMax-Forwards: 70\r\n` +
      `Expires: 3600\r\n${authorization}User-Agent: bench\r\nContent-Length: 0\r\n\r\n`,
  );
}

const ha1s = new Map<number, string>();
function authorizationOf(at: number, challenge: Buffer): string {
  const nonce = /nonce="([^"]+)"/.exec(challenge.toString('latin1'))?.[1] ?? '';
  const user = userOf(at);
  let ha1 = ha1s.get(at);
  if (ha1 === undefined) ha1s.set(at, (ha1 = hashHex('md5', `${user}:${domain}:pw${at % accountCount}`)));
  const uri = `sip:${domain}`;
  const ha2 = hashHex('md5', `REGISTER:${uri}`);
  const response = hashHex('md5', `${ha1}:${nonce}:00000001:abc:auth:${ha2}`);
  return (
    `Authorization: Digest username="${user}", realm="${domain}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=MD5, cnonce="abc", nc=00000001, qop=auth\r\n`
  );
}

let accepted = 0;
/** Time in the server's own code, without that of this client. */
let servingMs = 0;

function serve(bytes: Buffer, hop: Hop, answered: (status: number, bytes: Buffer) => void): void {
  const started = performance.now();
  const message = decodeMessage(bytes);
  if (!(message instanceof SipMessage)) throw new Error(message.reason);
  const verdict = authenticator.verify(message, hop, 'www');
  if (verdict.kind === 'ok') {
    const incoming = new Incoming(message, hop, message.topVia()!);
    incoming.account = verdict.account;
    const transaction = { respond: (answer: Buffer, status: number) => answered(status, answer) };
    registrar.handle(transaction as unknown as ServerTransaction, incoming);
    servingMs += performance.now() - started;
    return;
  }
  const answer = reply(message, hop, verdict.status, {
    toTag: 't',
    headers: verdict.kind === 'challenge' ? verdict.headers : [],
  });
  servingMs += performance.now() - started;
  answered(verdict.status, answer);
}

function register(at: number, round: number): Promise<void> {
  const hop = hops[at % 256]!;
  return new Promise((resolve, reject) => {
    serve(registerBytes(at, round, 1, ''), hop, (_, challenge) => {
      serve(registerBytes(at, round, 2, authorizationOf(at, challenge)), hop, (status) => {
        if (status !== 200) reject(new Error(`answered with ${status}`));
        accepted++;
        resolve();
      });
    });
  });
}

async function run(name: string, count: number, round: (at: number) => number, untilMs = Infinity): Promise<void> {
  accepted = 0;
  servingMs = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let at = 0; at < count && performance.now() < untilMs; at += inFlight) {
    const batch = Math.min(inFlight, count - at);
    await Promise.all(Array.from({ length: batch }, (_, i) => register((at + i) % accountCount, round(at + i))));
  }
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = (performance.now() - started) / 1000;
  console.log(
    `${name}: ${accepted} in ${elapsed.toFixed(1)} s; CPU ${((user + system) / accepted).toFixed(1)} us each ` +
      `(all threads, client included), serving ${((servingMs * 1000) / accepted).toFixed(1)} us`,
  );
}

await run('first registrations (written)', accountCount, () => 0);
ha1s.clear();
const withBindings = memory();
console.log(
  `${location.bindingCount} registrations: ${megabytes(withBindings - withAccounts)}, ` +
    `${((withBindings - withAccounts) / location.bindingCount).toFixed(0)} B each; RSS ${megabytes(process.memoryUsage.rss())}`,
);
await run(
  'refreshes (not written)',
  Number.MAX_SAFE_INTEGER,
  (at) => 1 + Math.floor(at / accountCount),
  performance.now() + seconds * 1000,
);

const challenges = 100_000;
const plain = decodeMessage(registerBytes(1, 99, 1, ''));
if (!(plain instanceof SipMessage)) throw new Error('not a message');
let started = performance.now();
for (let i = 0; i < challenges; i++) authenticator.verify(plain, hops[1]!, 'www');
console.log(`challenge: ${(((performance.now() - started) * 1000) / challenges).toFixed(2)} us`);
const proofs = Array.from({ length: 20_000 }, (_, at) => {
  const verdict = authenticator.verify(plain, hops[1]!, 'www');
  const nonce = verdict.kind === 'challenge' ? Buffer.from(verdict.headers[0]![1]) : Buffer.alloc(0);
  const message = decodeMessage(registerBytes(at, 99, 2, authorizationOf(at, nonce)));
  if (!(message instanceof SipMessage)) throw new Error('not a message');
  return message;
});
started = performance.now();
for (const [at, message] of proofs.entries()) {
  if (authenticator.verify(message, hops[at % 256]!, 'www').kind !== 'ok') throw new Error('not accepted');
}
console.log(`digest: ${(((performance.now() - started) * 1000) / proofs.length).toFixed(2)} us`);

await lifecycle.stop();
await backplane.close();
rmSync(folder, { recursive: true });
