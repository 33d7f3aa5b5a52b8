/**
 * What registrations hold in memory, at hubfarm and at Debian's Kamailio, each process with all its threads and children:
 *
 *     node -C hubfarm-source bench/sip/registrations.ts [registrations]      as root; 100,000 unless given
 *
 * SIPp registers each user once, with a digest, at 2,000 a second. `BENCH_ONLY=hubfarm` leaves Kamailio out.
 */
import { argv, env } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network } from '../../test/interop/namespaces.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import { Sipp, sipUsers, writeUsers } from '../../test/interop/sipp.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { proportionalMegabytes } from './cpu-time.ts';
import { Kamailio } from './kamailio.ts';

const count = Number(argv[2] ?? 100_000);
const rate = 2000;
const domain = 'farm.test';
const users = sipUsers(count, domain);
/** What is freed within this time is not held. */
const settleMs = 5000;

const network = new Network();
const telephones = network.host('telephones');

interface Contestant {
  readonly name: string;
  readonly address: string;
  readonly pid: number;
}

async function measure({ address, pid }: Contestant): Promise<Figures> {
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));
  await settled();
  const before = proportionalMegabytes(pid);
  const { successful, failed } = await new Sipp(telephones, {
    ...{
      scenario: 'register',
      target: `${address}:5060`,
      port: 6000,
      calls: count,
      rate,
      t1Ms: 500,
      timeoutMs: 300_000,
    },
    ...{ users: writeUsers(telephones, users), keys: { contact: `${telephones.address}:6100` } },
  }).ended();
  await settled();
  const after = proportionalMegabytes(pid);
  return {
    'registered|accounts': successful,
    'failed|accounts': failed,
    'memory before|MB': before,
    'memory after|MB': after,
    'registrations alone|MB': after - before,
  };
}

try {
  const hubfarm = new HubfarmServer(network.host('hubfarm'));
  await hubfarm.start();
  await provideAccounts(hubfarm, domain, users);
  const contestants: Contestant[] = [{ name: 'hubfarm', address: hubfarm.host.address, pid: hubfarm.pid }];
  if (env['BENCH_ONLY'] !== 'hubfarm') {
    const kamailio = new Kamailio(network.host('kamailio'));
    await kamailio.start(domain, users);
    contestants.push({ name: 'kamailio', address: kamailio.host.address, pid: kamailio.pid });
  }
  await sideBySide({
    contestants,
    rounds: 1,
    measure,
    peer: 'Kamailio 5.6',
    goals: { 'registrations alone|MB': `ours <= ${(150 * count) / 100_000}` },
  });
} finally {
  network.remove();
}
