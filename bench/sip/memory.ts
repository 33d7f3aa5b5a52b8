/**
 * What a server holds in memory: started with so many accounts and a registration of each, and after 10,000 registrations more
 * at 1000 a second.
 *
 *     node -C hubfarm-source bench/sip/memory.ts [accounts]        as root; 100,000 unless given, 0 = an empty server
 *     node -C hubfarm-source bench/sip/memory.ts 10000 farm        three servers with their engines, behind a balancer
 *
 * Of each process, 30 s after: `resident` as the system counts it, the program's file with it, of which `own` is what no other
 * process has a part in, and `shared` as `proportional` counts it (a server alone on its machine has `resident`).
 */
import { join } from 'node:path';
import { argv } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { Sipp, sipUsers, writeUsers, type SipUser } from '../../test/interop/sipp.ts';
import { cpuNanoseconds, family, memoryOf } from './cpu-time.ts';
import { HubfarmFarm } from './hubfarm-farm.ts';
import { storeRegistrations } from './stored-registrations.ts';

const accounts = Number(argv[2] ?? 100_000);
const isFarm = argv[3] === 'farm';
const domain = 'farm.test';
const further = Math.min(accounts, 10_000);
const settleMs = 30_000;
const contactPort = 6100;

const network = new Network();

interface Contestant {
  readonly address: string;
  readonly pids: readonly number[];
}

async function startAlone(users: readonly SipUser[], telephones: Host): Promise<Contestant> {
  const server = new HubfarmServer(network.host('hubfarm'));
  // The first start makes certificates, which takes memory that no later one needs.
  await server.start();
  await server.stop();
  const store = join(server.dataDirectory, 'hubfarm.db');
  if (users.length > 0) await storeRegistrations(store, users, `${telephones.address}:${contactPort}`);
  await server.start();
  return { address: server.host.address, pids: [server.pid] };
}

async function startFarm(users: readonly SipUser[]): Promise<Contestant> {
  const farm = new HubfarmFarm((name) => network.host(name));
  await farm.start(domain, users);
  return farm;
}

function say(when: string, { pids }: Contestant): void {
  console.log(when);
  let total = 0;
  for (const pid of pids.flatMap(family)) {
    const { name, residentMb, proportionalMb, ownMb } = memoryOf(pid);
    total += proportionalMb;
    const figures = [residentMb, proportionalMb, ownMb].map((megabytes) => megabytes.toFixed(0).padStart(5));
    console.log(`  ${name.padEnd(10)} resident ${figures[0]}  proportional ${figures[1]}  own ${figures[2]} MB`);
  }
  if (pids.length > 1) console.log(`  all        proportional ${total.toFixed(0)} MB`);
}

const seconds = (contestant: Contestant): number =>
  contestant.pids.reduce((total, pid) => total + cpuNanoseconds(pid), 0) / 1e9;
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));

try {
  const telephones = network.host('telephones');
  const users = sipUsers(accounts, domain);
  const contestant = await (isFarm ? startFarm(users) : startAlone(users, telephones));
  const startS = seconds(contestant);
  await settled();
  say(
    `started with ${accounts} accounts, CPU ${startS.toFixed(1)} s and ${(seconds(contestant) - startS).toFixed(1)} s since`,
    contestant,
  );
  if (further > 0) {
    const before = seconds(contestant);
    const { successful, failed } = await new Sipp(telephones, {
      ...{ scenario: 'register', target: `${contestant.address}:5060`, port: 6000, calls: further, rate: 1000 },
      ...{ t1Ms: 500, users: writeUsers(telephones, users.slice(0, further)) },
      keys: { contact: `${telephones.address}:${contactPort}` },
    }).ended();
    const eachUs = ((seconds(contestant) - before) * 1e6) / successful;
    say(`after ${successful} registrations (${failed} failed), CPU ${eachUs.toFixed(0)} us each`, contestant);
    await settled();
    say('later', contestant);
  }
} finally {
  network.remove();
}
