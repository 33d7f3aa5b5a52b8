import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { BrowserPhones } from './browser-phones.ts';
import { until } from './command.ts';
import type { FarmServers } from './farm-servers.ts';
import { Linphone } from './linphone.ts';
import type { Network } from './namespaces.ts';
import { putBehindNat } from './nat-box.ts';
import type { SipUser } from './sipp.ts';

const talkMs = 3000;
/** Of that, at least so much must be heard: both take a moment to begin. */
const heardSeconds = 1.5;
/** A second of speech. */
const packetsHeard = 50;

/** Programs that people use, at a farm that listens for TLS at 5061 and for secure WebSocket at 5063. */
export function testTelephones(network: () => Network, farm: () => FarmServers, people: readonly SipUser[]): void {
  const [anna, ben, carl, dora] = people as readonly [SipUser, SipUser, SipUser, SipUser];

  /** How many messages have reached each server. */
  const received = (): Promise<number[]> =>
    Promise.all(
      farm().servers.map(async (server) => {
        const figures = await farm().figures(server);
        return figures.get(`${farm().nameOf(server)} farm.received`) ?? 0;
      }),
    );

  describe('baresip behind a NAT and linphone', () => {
    let hosts = 0;

    /** Both register at their places, talk, and hear each other's tone. */
    async function talk(place: string, otherPlace: string): Promise<void> {
      hosts += 1;
      const [box, inner, outer] = ['box', 'inner', 'outer'].map((name) => network().host(`${name}-${hosts}`));
      await putBehindNat(box!, inner!);
      const baresip = new Baresip(inner!, { server: `sip:${place}`, user: anna, toneHz: 440 });
      const linphone = new Linphone(outer!, { server: otherPlace, user: ben, toneHz: 1000 });
      try {
        await Promise.all([baresip.start(), linphone.start()]);
        await linphone.call(`sip:anna@${anna.domain}`);
        await new Promise((resolve) => setTimeout(resolve, talkMs));
        await linphone.hangUp();
        await baresip.callEnded();
      } catch (error) {
        const said = `baresip said: ${baresip.output}\nlinphone said: ${linphone.output}`;
        throw new Error(`${String(error)}\n${said}`, { cause: error });
      } finally {
        await Promise.all([baresip.stop(), linphone.stop()]);
      }
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    }

    test('hear each other, while each of their datagrams goes to the next server', async () => {
      const before = await received();
      await talk(`${farm().address}:5060`, `${farm().address}:5060`);
      const after = await received();
      for (const [at, count] of after.entries()) expect(count).toBeGreaterThan(before[at]!);
    });

    test('hear each other by TLS, each connected to another server', async () => {
      const [, second, third] = farm().servers;
      const at = (address = ''): string => `${address}:5061;transport=tls`;
      await talk(at(second?.host.address), at(third?.host.address));
    });
  });

  describe('browsers', () => {
    let phones: BrowserPhones;

    beforeAll(async () => {
      phones = new BrowserPhones(network().host('browser'));
      await phones.start();
    });
    afterAll(() => phones.stop());

    test('hear each other over secure WebSocket, each connected to another server', async () => {
      const [first, second] = farm().servers;
      await phones.register(carl, `wss://${first!.host.address}:5063/`);
      await phones.register(dora, `wss://${second!.host.address}:5063/`);
      await phones.call(carl, `sip:${dora.name}@${dora.domain}`);
      for (const user of [carl, dora]) {
        await until(`a second of sound at ${user.name}`, 20_000, async () => {
          const { hasSound, packets } = await phones.heard(user);
          return hasSound && packets >= packetsHeard;
        });
      }
      await phones.hangUp(dora);
    });
  });
}
