import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, writeUsers } from './sipp.ts';

const domain = 'farm.test';

if (requirePeers(['ip', 'sipp', 'baresip', 'linphonec'])) {
  describe('events and messages', () => {
    const network = useNetwork();
    const [anna, ben, carl] = ['anna', 'ben', 'carl'].map((name) => ({ name, domain, password: `word-of-${name}` }));
    let server: HubfarmServer;
    let watchers: Host;
    let watches = 0;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['sip.trusted=["10.77.0.0/24"]'] });
      watchers = network().host('watchers');
      await server.start();
      await provideAccounts(server, domain, [anna!, ben!, carl!]);
    });

    const place = (): string => `${server.host.address}:5060`;

    /** A SIPp subscribes and unsubscribes; gives all that it has read and said. */
    async function watch(event: string, user: typeof anna): Promise<string> {
      const messages = join(watchers.folder, `watch-${++watches}.log`);
      await new Sipp(watchers, {
        ...{ scenario: 'watcher', target: place(), port: 7000 + 2 * watches, calls: 1, keys: { event } },
        users: writeUsers(watchers, [user!]),
        more: ['-trace_msg', '-message_file', messages],
      }).succeeds();
      return readFileSync(messages, 'latin1');
    }

    test.each([
      ['presence', /application\/pidf\+xml[^]*<basic>closed<\/basic>/],
      ['reg', /application\/reginfo\+xml[^]*<registration [^>]*aor="sip:carl@farm\.test"/],
      ['dialog', /application\/dialog-info\+xml[^]*<dialog-info [^>]*entity="sip:carl@farm\.test"/],
      ['message-summary', /application\/simple-message-summary[^]*Messages-Waiting: no/],
    ])('SIPp watches %s, and is told the end of it', async (event, document) => {
      const said = await watch(event, carl);
      expect(said).toMatch(document);
      expect(said).toMatch(/Subscription-State: active;expires=600/i);
      expect(said).toMatch(/Subscription-State: terminated;reason=timeout/i);
    });

    test('a call that is up is seen by who watches dialogs', async () => {
      const callees = network().host('callees');
      const users = writeUsers(watchers, [carl!]);
      const keys = { contact: `${callees.address}:6001` };
      await new Sipp(watchers, { scenario: 'register', target: place(), port: 6101, calls: 1, users, keys }).succeeds();
      const callee = new Sipp(callees, { scenario: 'callee', port: 6001, calls: 1 });
      await callees.receives('udp', 6001);
      const caller = new Sipp(watchers, {
        ...{ scenario: 'caller', target: place(), port: 6103, calls: 1, users, holdMs: 4000 },
      });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await watch('dialog', carl)).toMatch(/<state>confirmed<\/state>/);
      expect(await watch('reg', carl)).toContain(`<uri>sip:carl@${callees.address}:6001</uri>`);
      await caller.succeeds();
      await callee.succeeds();
      expect(await watch('dialog', carl)).not.toContain('<state>');
    });

    test('messages for a telephone that is off survive kill -9, and reach it in order and once when it is on', async () => {
      const linphone = new Linphone(network().host('lin'), { server: place(), user: ben!, toneHz: 1000 });
      const baresip = new Baresip(network().host('bare'), {
        ...{ server: `sip:${place()}`, user: anna!, toneHz: 440, modules: ['mwi.so'], parameters: ['mwi=yes'] },
      });
      const waiting = (count: number): Promise<unknown> =>
        until(`${count} messages in the store`, 10_000, async () =>
          (await watch('message-summary', anna)).includes(`Text-Message: ${count}/0`),
        );
      try {
        await linphone.start();
        for (const [at, text] of ['the first of two', 'the second of two'].entries()) {
          linphone.say(`chat sip:anna@${domain} ${text}`);
          await waiting(at + 1);
        }
        await server.kill();
        await server.start();
        await waiting(2);
        await baresip.start();
        await baresip.says(/the first of two[^]*SIP\/2\.0 200 OK[^]*the second of two[^]*SIP\/2\.0 200 OK/);
        linphone.say(`chat sip:anna@${domain} a third one`);
        await baresip.says(/a third one[^]*SIP\/2\.0 200 OK/);
        for (const text of ['the first', 'the second', 'a third']) expect(baresip.output.split(text)).toHaveLength(2);
        expect(await watch('message-summary', anna)).toMatch(/Messages-Waiting: no/);
        // Its own lamp for messages that wait (RFC 3842).
        await baresip.says(/mwi: subscribing[^]*NOTIFY sip:anna[^]*Messages-Waiting: no/);
      } finally {
        await baresip.stop();
        await linphone.stop();
      }
    });

    test('a telephone sees in its address book that another one is there', async () => {
      const linphone = new Linphone(network().host('lin-2'), {
        ...{ server: place(), user: ben!, toneHz: 1000, publishes: true },
      });
      const baresip = new Baresip(network().host('bare-2'), {
        ...{ server: `sip:${place()}`, user: anna!, toneHz: 440, modules: ['contact.so', 'presence.so'] },
        contacts: [`"Ben" <sip:ben@${domain}>;presence=p2p`],
      });
      try {
        await linphone.start();
        await baresip.start();
        // What linphone has published, as it comes to the other one.
        await baresip.says(/NOTIFY sip:anna[^]*<basic>open<\/basic>\s*<pidfonline:online\/>[^]*200 OK/);
        const seen = await watch('presence', ben);
        expect(seen).toContain('<basic>open</basic>');
      } finally {
        await baresip.stop();
        await linphone.stop();
      }
    });
  });
}
