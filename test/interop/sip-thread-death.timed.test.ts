import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { putBehindNat } from './nat-box.ts';
import { requirePeers } from './peers.ts';
import { signal } from './process.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippRun, type SipUser } from './sipp.ts';

const domain = 'farm.test';
const killer = resolve(import.meta.dirname, 'thread-killer.ts');
const members = 3;
/** Each has a port of its own: the kernel gives all that one of them sends to one thread. */
const callingTelephones = 6;
const rate = 4;
const holdMs = 3_000;
const aroundMs = 2_500;
/** What a thread took with it comes again as from telephones (RFC 3261 §17.1.1.1). */
const t1Ms = 500;
const patient = ['-default_behaviors', 'all,-abortunexp,-bye'];
const users = sipUsers(100, domain);
const [anna, ben] = ['anna', 'ben'].map((name) => ({ name, domain, password: `word-of-${name}` })) as [
  SipUser,
  SipUser,
];
/** RTP of half a second: they are heard by each other, or at least one of them is relayed. */
const somePackets = 50;

interface RelayRow {
  readonly member: string;
  readonly calls: number;
  readonly packets: number;
}

/** Of all threads: what they relay now, all that they have relayed, and who has a call. */
async function mediaOf(server: HubfarmServer): Promise<{ calls: number; packets: number; relay: string }> {
  const answer = await server.hubfarm('media', 'status', '--json');
  const rows = (JSON.parse(answer) as { readonly members: readonly RelayRow[] }).members;
  const sum = (name: 'calls' | 'packets'): number => rows.reduce((total, row) => total + row[name], 0);
  const relay = rows.find(({ calls }) => calls > 0)?.member ?? '';
  return { calls: sum('calls'), packets: sum('packets'), relay };
}

if (requirePeers(['ip', 'nft', 'baresip', 'sipp'])) {
  describe('calls through a server whose threads share a port', () => {
    const network = useNetwork();
    let server: HubfarmServer;
    let callers: Host;
    let callees: Host;

    const isWhole = async (): Promise<boolean> => {
      const answer = await server.hubfarm('farm', 'status', '--json');
      const rows = (JSON.parse(answer) as { readonly members: readonly { readonly isInFarm: boolean }[] }).members;
      return rows.length === members && rows.every(({ isInFarm }) => isInFarm);
    };

    beforeAll(async () => {
      const settings = [`server.members=${members}`, 'sip.trusted=["10.77.0.0/24"]'];
      const environment = { NODE_OPTIONS: `--import=${killer}` };
      server = new HubfarmServer(network().host('hubfarm'), { settings, environment });
      [callers, callees] = [network().host('callers'), network().host('callees')];
      await server.start();
      await provideAccounts(server, domain, [...users, anna, ben]);
      await until('all threads in the farm', 30_000, isWhole);
    });

    test('go on when two of them die, one after the other: siblings take them over, and the kernel gives them the packets', async () => {
      const target = `${server.host.address}:5060`;
      const file = writeUsers(callers, users);
      const start = (run: Omit<SippRun, 'target' | 't1Ms'>): Sipp =>
        new Sipp(callers, { target, t1Ms, users: file, timeoutMs: 120_000, more: patient, ...run });
      const keys = { contact: `${callees.address}:6000` };
      await start({ scenario: 'register', port: 5998, calls: users.length, rate: 50, keys }).succeeds();
      const answering = new Sipp(callees, {
        ...{ scenario: 'patient-callee', port: 6000, t1Ms, timeoutMs: 120_000 },
        more: ['-rtcheck', 'loose', ...patient],
      });
      await callees.receives('udp', 6000);
      const calling = Array.from({ length: callingTelephones }, (_, at) =>
        start({ scenario: 'caller', port: 7000 + 2 * at, rate, holdMs }),
      );
      try {
        for (let death = 1; death <= 2; death++) {
          await sleep(aroundMs);
          signal(server.pid, 'SIGUSR2');
          await server.says(new RegExp(`(a member has ended[^]*){${death}}`));
        }
        await sleep(aroundMs);
        const figures = await Promise.all(calling.map((one) => one.finished()));
        const sum = (name: 'created' | 'successful' | 'failed'): number =>
          figures.reduce((total, one) => total + one[name], 0);
        const complaints = calling.map((one) => one.complaints()).join('');
        expect({ failed: sum('failed'), complaints: sum('failed') === 0 ? '' : complaints }).toEqual({
          failed: 0,
          complaints: '',
        });
        expect(sum('successful')).toBe(sum('created'));
        expect(sum('created')).toBeGreaterThan((callingTelephones * rate * 2 * aroundMs) / 1000);
        await until('all threads in the farm again', 30_000, isWhole);
      } finally {
        await Promise.all([answering, ...calling].map((one) => one.stop()));
      }
    });

    test('are heard when the thread dies that relays them, and the next one: a sibling opens the same ports', async () => {
      const [box, inner, outer] = ['box', 'inner', 'outer'].map((name) => network().host(name)) as [Host, Host, Host];
      await putBehindNat(box, inner);
      const address = `sip:${server.host.address}:5060`;
      const called = new Baresip(outer, { server: address, user: ben, toneHz: 1000 });
      const calling = new Baresip(inner, { server: address, user: anna, toneHz: 440 });
      const isHeard = async (what: string): Promise<void> => {
        await until(`one relay ${what}`, 20_000, async () => (await mediaOf(server)).calls === 1);
        const { packets } = await mediaOf(server);
        await until(`sound ${what}`, 20_000, async () => (await mediaOf(server)).packets > packets + somePackets);
      };
      try {
        await called.start();
        // The first member is the server itself, which does not die.
        for (let isFirst = true; isFirst; isFirst = !(await mediaOf(server)).relay.includes('/')) {
          await calling.stop();
          await until('no call', 20_000, async () => (await mediaOf(server)).calls === 0);
          await calling.start(`sip:ben@${domain}`);
          await calling.answered();
          await isHeard('at the beginning');
        }
        // All others die once: the one that has it is among them, and who has taken it over perhaps as well.
        for (let death = 1; death < members; death++) {
          signal(server.pid, 'SIGUSR2');
          await server.says(new RegExp(`(a member has ended[^]*){${2 + death}}`));
          await isHeard(`after death ${death}`);
        }
        expect(server.output).toContain('the media of calls go on here');
        await until('all threads in the farm again', 30_000, isWhole);
      } finally {
        await Promise.all([called, calling].map((one) => one.stop()));
      }
      expect(calling.heardSeconds(1000)).toBeGreaterThan(1);
      expect(called.heardSeconds(440)).toBeGreaterThan(1);
    });
  });
}
