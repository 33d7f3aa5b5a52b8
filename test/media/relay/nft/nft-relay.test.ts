import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { beforeEach, describe, expect, test } from 'vitest';
import type { KernelChannel } from '../../../../src/media/relay/kernel-relay.ts';
import { NftRelay } from '../../../../src/media/relay/nft/nft-relay.ts';
import { FakeNft } from './fake-nft.ts';

function channel(number: number, changes: Partial<KernelChannel> = {}): KernelChannel {
  return {
    a: {
      remote: { address: '198.51.100.1', port: 4000 + number },
      local: { address: '192.0.2.1', port: 30_000 + number },
    },
    b: {
      remote: { address: '203.0.113.1', port: 5000 + number },
      local: { address: '192.0.2.1', port: 40_000 + number },
    },
    ...changes,
  };
}

const six = (number: number): KernelChannel => ({
  a: { remote: { address: '2001:DB8::A', port: 4000 }, local: { address: '2001:db8:0:0::1', port: 30_000 + number } },
  b: { remote: { address: '2001:db8::b', port: 5000 }, local: { address: '2001:db8::1', port: 40_000 + number } },
});

const keyOfA = (number: number): string => `198.51.100.1 . ${4000 + number} . 192.0.2.1 . ${30_000 + number}`;
const keyOfB = (number: number): string => `203.0.113.1 . ${5000 + number} . 192.0.2.1 . ${40_000 + number}`;

let nft: FakeNft;
let clock: VirtualClock;
let relay: NftRelay;
let ended: KernelChannel[];

beforeEach(() => {
  nft = new FakeNft();
  clock = new VirtualClock();
  ended = [];
  relay = new NftRelay({
    consoles: nft,
    commands: nft,
    netfilter: nft,
    clock,
    logger: silentLogger,
    table: 'hubfarm_media_m1_77',
    typeOfService: 184,
    isOwnAddress: (address) => address === '192.0.2.1',
    firstZone: 0,
  });
});

/** Promises take their turns; no time passes. */
const settle = (): Promise<void> => clock.run(0);

const started = async (): Promise<void> => {
  void relay.start();
  await settle();
};

const install = (one: KernelChannel): ReturnType<NftRelay['install']> =>
  relay.install(one, (path) => ended.push(path.channel));

/** The kernel has forwarded a channel: it is known to work here. */
async function proven(): Promise<void> {
  await started();
  install(channel(0));
  await settle();
  nft.count('z4', keyOfA(0), 15, 15 * 200);
  nft.count('d4', '1 . 198.51.100.1 . 4000', 1, 200);
  await clock.run(300);
}

describe('a channel', () => {
  test('is in all maps both ways when it is installed, and in none when it is removed', async () => {
    await started();
    expect(relay.problem).toBeUndefined();
    const path = install(channel(0))!;
    expect(path.isInstalled).toBe(false);
    await settle();
    expect(path.isInstalled).toBe(true);
    expect(nft.keys('z4')).toEqual([keyOfA(0), keyOfB(0)]);
    expect(nft.keys('d4')).toEqual(['1 . 198.51.100.1 . 4000', '1 . 203.0.113.1 . 5000']);
    expect([...nft.maps.get('s4')!.entries()].map(([key, { value }]) => `${key} → ${value}`)).toEqual([
      '1 . 198.51.100.1 . 4000 → 192.0.2.1 . 40000',
      '1 . 203.0.113.1 . 5000 → 192.0.2.1 . 30000',
    ]);
    path.remove();
    path.remove();
    await settle();
    expect(['z4', 'd4', 's4'].flatMap((map) => nft.keys(map))).toEqual([]);
    expect(ended).toEqual([]);
  });

  test('of IPv6 has maps of its own, with addresses as nft prints them', async () => {
    await started();
    const path = install(six(0))!;
    await settle();
    expect(nft.keys('z6')).toContain('2001:db8::a . 4000 . 2001:db8::1 . 30000');
    nft.count('z6', '2001:db8::a . 4000 . 2001:db8::1 . 30000', 3, 3 * 100);
    await clock.run(300);
    expect(path.a).toMatchObject({ packets: 3, octets: 3 * 52 });
  });

  test('is counted without the headers, and heard when there are more', async () => {
    await proven();
    const path = install(channel(2))!;
    await settle();
    const beganMs = path.b.lastHeardMs;
    nft.count('z4', keyOfB(2), 10, 10 * 200);
    await clock.run(5_200);
    expect(path.b).toMatchObject({ packets: 10, octets: 10 * 172 });
    expect(path.b.lastHeardMs).toBeGreaterThan(beganMs);
    expect(path.a).toMatchObject({ packets: 0, lastHeardMs: beganMs, quietSinceMs: beganMs });
    expect(path.b.quietSinceMs).toBeUndefined();
    await clock.run(5_100);
    expect(path.b.quietSinceMs).toBe(path.b.lastHeardMs);
  });

  test.each([4, 6] as const)(
    'is counted once more when it ends (IPv%d): a short call is not of no packets',
    async (family) => {
      await proven();
      const one = family === 4 ? channel(2) : six(2);
      const keyOf = family === 4 ? keyOfB(2) : '2001:db8::b . 5000 . 2001:db8::1 . 40002';
      const path = install(one)!;
      await settle();
      nft.count(`z${family}`, keyOf, 7, 7 * 200);
      expect(path.b.packets).toBe(0);
      path.remove();
      expect(path.b).toMatchObject({ packets: 7, octets: 7 * (family === 4 ? 172 : 152) });
      expect(path.a.packets).toBe(0);
    },
  );

  test('that the kernel says nothing of keeps what was read', async () => {
    await proven();
    const path = install(channel(2))!;
    await settle();
    nft.count('z4', keyOfB(2), 7, 7 * 200);
    await clock.run(5_200);
    nft.mood = 'silent';
    path.remove();
    expect(path.b.packets).toBe(7);
  });

  test.each([
    ['between IPv4 and IPv6', channel(0, { b: six(0).b })],
    [
      'on a socket of all addresses',
      channel(0, { a: { ...channel(0).a, local: { address: '0.0.0.0', port: 30_000 } } }),
    ],
    ['of a party on this machine', channel(0, { a: { ...channel(0).a, remote: { address: '192.0.2.1', port: 9 } } })],
    ['of a link-local party', channel(0, { a: { ...channel(0).a, remote: { address: 'fe80::1%eth0', port: 9 } } })],
  ])('%s is left to user space', async (_what, one) => {
    await started();
    expect(install(one)).toBeUndefined();
  });

  test('of IPv6 is left to user space where only IPv4 is forwarded', async () => {
    nft.forwarding = { 4: '1', 6: '0' };
    await started();
    expect(install(six(0))).toBeUndefined();
    expect(install(channel(0))).toBeDefined();
  });
});

describe('changes', () => {
  test('are told apart from the making of the table: when the first one fails that is seen', async () => {
    await started();
    nft.mood = { error: 'Could not process rule: Cannot allocate memory' };
    install(channel(0));
    await settle();
    expect(ended).toEqual([channel(0)]);
  });

  test('of many calls that come together are one transaction', async () => {
    await proven();
    const before = nft.transactions.length;
    const paths = Array.from({ length: 10 }, (_, i) => install(channel(2 + i))!);
    await settle();
    expect(nft.transactions.length).toBe(before + 1);
    paths.forEach((path) => path.remove());
    install(channel(2));
    await settle();
    expect(nft.transactions.length).toBe(before + 2);
    expect(nft.keys('z4')).toEqual([keyOfA(0), keyOfB(0), keyOfA(2), keyOfB(2)].sort());
  });

  test('that one of them makes fail are made one by one, and that one stays in user space', async () => {
    await proven();
    const paths = [install(channel(2)), install(channel(2)), install(channel(3))];
    await settle();
    expect(paths.map((path) => path?.isInstalled)).toEqual([true, false, true]);
    expect(ended).toEqual([channel(2)]);
  });

  test('that are not made yet can be taken back', async () => {
    await proven();
    const before = nft.transactions.length;
    install(channel(2))!.remove();
    await settle();
    expect(nft.transactions.length).toBe(before);
    expect(ended).toEqual([]);
  });
});

describe('the first channel is a trial', () => {
  test('until it is known to work no other one follows it', async () => {
    await started();
    install(channel(0));
    expect(install(channel(2))).toBeUndefined();
    await settle();
    nft.count('z4', keyOfA(0), 15, 3000);
    nft.count('d4', '1 . 198.51.100.1 . 4000', 1, 200);
    await clock.run(300);
    expect(install(channel(2))).toBeDefined();
  });

  test('when its packets get no further all goes back to user space, with the reasons there may be', async () => {
    await started();
    install(channel(0));
    await settle();
    nft.count('z4', keyOfA(0), 15, 3000);
    nft.count('d4', '1 . 198.51.100.1 . 4000', 15, 3000);
    await clock.run(300);
    expect(relay.problem).toMatch(/firewall.*no route.*rp_filter/s);
    expect(ended).toEqual([channel(0)]);
    expect(nft.hasTable).toBe(false);
    await clock.run(600_001);
    expect(relay.problem).toBeUndefined();
  });

  test('one that says nothing does not hold up the others', async () => {
    await started();
    install(channel(0));
    await clock.run(2_001);
    expect(install(channel(2))).toBeDefined();
  });

  test('later only the channel itself goes back', async () => {
    await proven();
    install(channel(2));
    await settle();
    nft.count('z4', keyOfA(2), 100, 20_000);
    nft.count('d4', '2 . 198.51.100.1 . 4002', 100, 20_000);
    await clock.run(31_000);
    expect(relay.problem).toBeUndefined();
    expect(ended).toEqual([channel(2)]);
    expect(relay.problem).toBeUndefined();
    expect(nft.keys('z4')).toEqual([keyOfA(0), keyOfB(0)]);
  });
});

describe('where the kernel does not help', () => {
  test.each([
    ['is not installed', 'missing' as const, /nft.*not installed.*package nftables/],
    ['may not', { error: 'cache initialization failed: Operation not permitted' }, /CAP_NET_ADMIN is missing/],
    ['is too old', { error: 'syntax error, unexpected string' }, /nftables 1\.0 or newer/],
  ])('because nft %s, it says so', async (_what, mood, problem) => {
    nft.mood = mood;
    await started();
    await clock.run(5_000);
    expect(relay.problem).toMatch(problem);
    expect(install(channel(0))).toBeUndefined();
    nft.mood = 'good';
    await clock.run(61_000);
    expect(relay.problem).toBeUndefined();
  });

  test('because this host forwards nothing, it says how to allow it', async () => {
    nft.forwarding = { 4: '0', 6: '0' };
    await started();
    expect(relay.problem).toBe(
      'this host does not forward IPv4 packets: allow it with "sysctl -w net.ipv4.ip_forward=1" (and in /etc/sysctl.d to keep it)',
    );
    expect(nft.opened).toBe(0);
  });

  test('because nft has died, calls go back to user space, and a new one is started', async () => {
    await proven();
    nft.die();
    await settle();
    expect(ended).toEqual([channel(0)]);
    expect(relay.problem).toMatch(/nft has ended \(SIGKILL\)/);
    await clock.run(60_001);
    expect(relay.problem).toBeUndefined();
    expect(install(channel(0))).toBeDefined();
  });

  test('because nft does not answer, it is ended', async () => {
    await proven();
    nft.mood = 'silent';
    install(channel(2));
    await clock.run(10_001);
    expect(relay.problem).toMatch(/not answered/);
    expect(ended).toEqual([channel(0), channel(2)]);
  });
});

test('after the stop nothing is left: no table, no timer', async () => {
  await proven();
  relay.stop();
  await settle();
  expect(nft.hasTable).toBe(false);
  expect(clock.pendingTimers).toBe(0);
  expect(relay.install(channel(3), () => undefined)).toBeUndefined();
});
