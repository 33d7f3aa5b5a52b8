import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { putBehindNat } from './nat-box.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';

const domain = 'farm.test';
const talkMs = 3000;
/** Of that, at least so much must be heard: both take a moment to begin. */
const heardSeconds = 1.5;
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

  #lines(): string[] {
    const files = readdirSync(this.#folder);
    const text = files.map((file) => readFileSync(join(this.#folder, file), 'utf8')).join('');
    return text.split('\n').filter((line) => line !== '');
  }
}

if (requirePeers(['ip', 'nft', 'baresip', 'linphonec'])) {
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
    const mediaStatus = async (): Promise<{ calls: number; packets: number; means: string }> => {
      const answer = await server.hubfarm('media', 'status', '--json');
      const { members } = JSON.parse(answer) as { members: { calls: number; packets: number; means: string }[] };
      return members[0]!;
    };

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'));
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
  });
}
