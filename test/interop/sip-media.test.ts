import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { BrowserPhones } from './browser-phones.ts';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { putBehindNat } from './nat-box.ts';
import { requirePeers } from './peers.ts';
import { signal } from './process.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, writeUsers } from './sipp.ts';

const domain = 'farm.test';
const talkMs = 3000;
/** Of that, at least so much must be heard: both take a moment to begin. */
const heardSeconds = 1.5;
/** A second of speech. */
const packetsHeard = 50;
const anna = { name: 'anna', domain, password: 'word-of-anna' };
const ben = { name: 'ben', domain, password: 'word-of-ben' };

interface RecordedCall {
  readonly endedBy: string;
  readonly media?: {
    readonly reason: string;
    readonly streams: readonly {
      readonly media: string;
      readonly a: { readonly packets: number; readonly source?: { readonly address: string } };
      readonly b: { readonly packets: number; readonly source?: { readonly address: string } };
    }[];
  };
}

interface MemberStatus {
  readonly ports: string;
  readonly calls: number;
  readonly packets: number;
  readonly kernelStreams: number;
}

async function membersOf(server: HubfarmServer): Promise<readonly MemberStatus[]> {
  const answer = await server.hubfarm('media', 'status', '--json');
  return (JSON.parse(answer) as { readonly members: readonly MemberStatus[] }).members;
}

const talk = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, talkMs));

/** The record of the call that has ended last; each is asked for once. */
class Records {
  readonly #folder: string;
  #seen = 0;

  constructor(server: HubfarmServer) {
    this.#folder = join(server.dataDirectory, 'calls');
  }

  async next(): Promise<RecordedCall> {
    let lines: string[] = [];
    await until('the record of a call', 10_000, () => {
      lines = this.#lines();
      return lines.length > this.#seen;
    });
    this.#seen = lines.length;
    return JSON.parse(lines.at(-1)!) as RecordedCall;
  }

  all(): readonly RecordedCall[] {
    return this.#lines().map((line) => JSON.parse(line) as RecordedCall);
  }

  #lines(): string[] {
    const files = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    const text = files.map((file) => readFileSync(join(this.#folder, file), 'utf8')).join('');
    return text.split('\n').filter((line) => line !== '');
  }
}

if (requirePeers(['ip', 'nft', 'baresip', 'linphonec', 'sipp'])) {
  describe('real telephones whose media go through hubfarm', () => {
    const network = useNetwork();
    const phones: { stop(): Promise<void> }[] = [];
    let server: HubfarmServer;
    let records: Records;
    let names = 0;

    const host = (): Host => network().host(`p${++names}`);
    const keep = <T extends { stop(): Promise<void> }>(phone: T): T => {
      phones.push(phone);
      return phone;
    };
    const mediaStatus = async (): Promise<MemberStatus> => (await membersOf(server))[0]!;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['media.timeoutS=10'] });
      await server.host.configure('eth0', 'fd77::1/64');
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
      records = new Records(server);
    });

    afterEach(async () => {
      await Promise.all(phones.splice(0).map((phone) => phone.stop()));
    });

    test('hear each other when one is behind a NAT, whoever calls', async () => {
      const [box, inner, outer] = [host(), host(), host()];
      await putBehindNat(box, inner);
      const baresip = keep(new Baresip(inner, { server: `sip:${server.host.address}:5060`, user: anna, toneHz: 440 }));
      const linphone = keep(new Linphone(outer, { server: `${server.host.address}:5060`, user: ben, toneHz: 1000 }));
      await Promise.all([baresip.start(), linphone.start()]);
      await linphone.call(`sip:anna@${domain}`);
      await talk();
      expect(await mediaStatus()).toMatchObject({ calls: 1 });
      await linphone.hangUp();
      await baresip.callEnded();
      const { media } = await records.next();
      expect(media).toMatchObject({
        reason: 'nat',
        streams: [
          { media: 'audio', a: { source: { address: outer.address } }, b: { source: { address: box.address } } },
        ],
      });
      expect(media!.streams[0]!.a.packets).toBeGreaterThan(100);
      expect(media!.streams[0]!.b.packets).toBeGreaterThan(100);
      await baresip.stop();
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
      expect(await mediaStatus()).toMatchObject({ calls: 0 });
    });

    test('hear each other when the one behind the NAT calls, and again after a hold', async () => {
      const [box, inner, outer] = [host(), host(), host()];
      await putBehindNat(box, inner);
      const linphone = keep(
        new Linphone(outer, {
          ...{ server: `${server.host.address}:5060`, user: ben, toneHz: 1000, answersByItself: true },
        }),
      );
      const baresip = keep(new Baresip(inner, { server: `sip:${server.host.address}:5060`, user: anna, toneHz: 440 }));
      await linphone.start();
      await baresip.start(`sip:ben@${domain}`);
      await baresip.answered();
      await talk();
      const before = await mediaStatus();
      linphone.say('pause');
      await linphone.says(/paused/i);
      await talk();
      linphone.say('resume 1');
      await linphone.says(/Media streams established[^]*Media streams established/);
      await talk();
      expect(await mediaStatus()).toMatchObject({ calls: 1 });
      expect((await mediaStatus()).packets).toBeGreaterThan(before.packets + 200);
      await baresip.stop();
      const { media, endedBy } = await records.next();
      expect(endedBy).toBe('caller');
      expect(media).toMatchObject({ reason: 'nat', streams: [{ a: { source: { address: box.address } } }] });
      await linphone.stop();
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(2 * heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });

    test('hear what the other side sends back, sample for sample: SIPp echoes', async () => {
      const [box, inner, outer] = [host(), host(), host()];
      await putBehindNat(box, inner);
      const target = `${server.host.address}:5060`;
      const keys = { contact: `${outer.address}:5060` };
      const registration = {
        scenario: 'register',
        target,
        port: 5070,
        calls: 1,
        users: writeUsers(outer, [ben]),
        keys,
      };
      await new Sipp(outer, registration).succeeds();
      const echo = new Sipp(outer, { scenario: 'callee', port: 5060, more: ['-rtp_echo'] });
      const baresip = keep(new Baresip(inner, { server: `sip:${target}`, user: anna, toneHz: 440 }));
      try {
        await baresip.start(`sip:ben@${domain}`);
        await baresip.answered();
        await talk();
        await baresip.stop();
      } finally {
        await echo.stop();
      }
      expect(baresip.heardSeconds(440)).toBeGreaterThan(heardSeconds);
      const { media } = await records.next();
      expect(media!.streams[0]).toMatchObject({ a: { lostPackets: 0 }, b: { lostPackets: 0 } });
    });

    test('hear each other from IPv4 to IPv6', async () => {
      const [six, four] = [host(), host()];
      await six.mustRun('ip', ['addr', 'add', 'fd77::6/64', 'dev', 'eth0', 'nodad']);
      const baresip = keep(new Baresip(six, { server: 'sip:[fd77::1]:5060', user: anna, toneHz: 440, isIpv6: true }));
      const linphone = keep(new Linphone(four, { server: `${server.host.address}:5060`, user: ben, toneHz: 1000 }));
      await Promise.all([baresip.start(), linphone.start()]);
      await linphone.call(`sip:anna@${domain}`);
      await talk();
      await linphone.hangUp();
      await baresip.callEnded();
      const { media } = await records.next();
      expect(media).toMatchObject({ reason: 'families', streams: [{ b: { source: { address: 'fd77::6' } } }] });
      await baresip.stop();
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });

    test('talk directly when nothing is between them; when both vanish, the media of a relayed call end', async () => {
      const [box, inner, outer, near] = [host(), host(), host(), host()];
      await putBehindNat(box, inner);
      const at = { server: `sip:${server.host.address}:5060`, user: anna, toneHz: 440 };
      const linphone = keep(new Linphone(outer, { server: `${server.host.address}:5060`, user: ben, toneHz: 1000 }));
      const direct = keep(new Baresip(near, at));
      await Promise.all([direct.start(), linphone.start()]);
      await linphone.call(`sip:anna@${domain}`);
      await talk();
      await linphone.hangUp();
      await direct.stop();
      expect(direct.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect((await records.next()).media).toBeUndefined();

      const relayed = keep(new Baresip(inner, at));
      await relayed.start();
      linphone.say(`call sip:anna@${domain}`);
      await relayed.answered();
      await talk();
      await relayed.vanish();
      linphone.vanish();
      await until('the end of the call', 30_000, async () => (await mediaStatus()).calls === 0);
      expect(await records.next()).toMatchObject({ endedBy: 'silence', media: { reason: 'nat' } });
    });
  });
}

if (requirePeers(['ip', 'chromium'])) {
  describe('two browsers whose media go through hubfarm', () => {
    const network = useNetwork();
    let server: HubfarmServer;
    let phones: BrowserPhones;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['sip.wss=5063', 'media.relay=always'] });
      phones = new BrowserPhones(network().host('browser'));
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
      await phones.start();
    });
    afterAll(() => phones.stop());

    test('find each other by ICE at the ports of the relay, and hear each other by DTLS and SRTP', async () => {
      const url = `wss://${server.host.address}:5063/`;
      await phones.register(anna, url);
      await phones.register(ben, url);
      await phones.call(anna, `sip:ben@${domain}`);
      for (const user of [anna, ben]) {
        const isHeard = async (): Promise<boolean> => {
          const { hasSound, packets } = await phones.heard(user);
          return hasSound && packets >= packetsHeard;
        };
        await until(`a second of sound at ${user.name}`, 20_000, isHeard);
      }
      await phones.hangUp(ben);
      const { media } = await new Records(server).next();
      expect(media).toMatchObject({ reason: 'always', streams: [{ media: 'audio' }] });
      expect(media!.streams[0]!.a.packets).toBeGreaterThanOrEqual(packetsHeard);
      expect(media!.streams[0]!.b.packets).toBeGreaterThanOrEqual(packetsHeard);
    });
  });
}

if (requirePeers(['ip', 'nft', 'baresip', 'linphonec'])) {
  describe('telephones at a server of two members, each with a part of the ports', () => {
    const network = useNetwork();
    let server: HubfarmServer;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['server.members=2', 'media.stopS=120'] });
      await server.host.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
    });

    test('hear each other through a NAT, whichever member has the call, and by the kernel, to the end of the last call before a stop', async () => {
      const [box, inner, outer] = ['box', 'inner', 'outer'].map((name) => network().host(name));
      await putBehindNat(box!, inner!);
      const baresip = new Baresip(inner!, { server: `sip:${server.host.address}:5060`, user: anna, toneHz: 440 });
      const linphone = new Linphone(outer!, { server: `${server.host.address}:5060`, user: ben, toneHz: 1000 });
      try {
        await Promise.all([baresip.start(), linphone.start()]);
        let kernelStreams = 0;
        for (let call = 1; call <= 3; call++) {
          linphone.say(`call sip:anna@${domain}`);
          await linphone.says(new RegExp(`Call ${call} with .* connected`));
          await talk();
          kernelStreams += (await membersOf(server)).reduce((sum, member) => sum + member.kernelStreams, 0);
          linphone.say('terminate');
          await linphone.says(new RegExp(`Call ${call} with .* ended`));
        }
        // A telephone says that a call has ended when it is about to say so to the other one.
        const isOver = async (): Promise<boolean> => (await membersOf(server)).every(({ calls }) => calls === 0);
        await until('the end of the last call', 5_000, isOver);
        const members = await membersOf(server);
        expect(kernelStreams).toBeGreaterThan(0);
        expect(members.map(({ ports }) => ports).sort()).toEqual(['10000-14999', '15000-19999']);
        // Three times three seconds both ways are 900. The kernel is asked every five seconds, and when a call ends.
        expect(members.reduce((sum, { packets }) => sum + packets, 0)).toBeGreaterThan(400);

        linphone.say(`call sip:anna@${domain}`);
        await linphone.says(/Call 4 with .* connected/);
        await talk();
        signal(server.pid, 'SIGTERM');
        await server.says(/waiting for the end of calls whose media go through this server/);
        await talk();
        expect(server.hasEnded).toBe(false);
        linphone.say('terminate');
        await linphone.says(/Call 4 with .* ended/);
        await server.ends();
        // Telephones do not end in order without it.
        await server.start();
        const records = new Records(server).all().filter(({ media }) => media !== undefined);
        expect(records).toHaveLength(4);
        for (const { endedBy, media } of records) {
          const [stream] = media!.streams;
          expect({ endedBy, hasBoth: stream!.a.packets > 60 && stream!.b.packets > 60 }).toEqual({
            endedBy: 'caller',
            hasBoth: true,
          });
        }
      } finally {
        await Promise.all([baresip.stop(), linphone.stop()]);
      }
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });
  });
}
