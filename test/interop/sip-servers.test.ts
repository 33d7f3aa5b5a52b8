import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import type { RunningProcess } from './process.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, writeUsers } from './sipp.ts';
import { TestAuthority, type TestCertificate } from './test-authority.ts';

/** What the first server of each domain shows, and what the log must say of it. */
const refusals = [
  { domain: 'wrong.test', port: 5071, says: /another name|other name|not for|altname|wrong\.test/i },
  { domain: 'expired.test', port: 5072, says: /expired/i },
  { domain: 'unknown.test', port: 5073, says: /authority|trust|issuer|verify/i },
] as const;
/** Has no other server than the first one of wrong.test. */
const lonely = 'lonely.test';
const calleePort = 6001;

if (requirePeers(['ip', 'sipp', 'dnsmasq', 'openssl'])) {
  describe('servers of other domains, by TLS', () => {
    const network = useNetwork();
    const domains = refusals.map(({ domain }) => domain);
    let near: HubfarmServer;
    let far: HubfarmServer;
    let caller: Host;
    let callee: Sipp | undefined;
    const others: RunningProcess[] = [];

    beforeAll(async () => {
      const [nearHost, farHost, names] = [network().host('near'), network().host('far'), network().host('names')];
      const calleeHost = network().host('callee');
      caller = network().host('caller');
      const authority = await TestAuthority.make(nearHost, 'authority');
      const stranger = await TestAuthority.make(nearHost, 'stranger');
      const good = await authority.certificate({ names: domains.map((domain) => `DNS:${domain}`) });
      const bad: Record<string, TestCertificate> = {
        'wrong.test': await authority.certificate({ names: ['DNS:somebody.else'] }),
        'expired.test': await authority.certificate({ names: ['DNS:expired.test'], isExpired: true }),
        'unknown.test': await stranger.certificate({ names: ['DNS:unknown.test'] }),
      };
      for (const { domain, port } of refusals) {
        const { certificateFile, keyFile } = bad[domain]!;
        const words = ['s_server', '-accept', `${port}`, '-cert', certificateFile, '-key', keyFile, '-quiet'];
        others.push(farHost.start('openssl', words));
        await farHost.listens(port);
      }
      others.push(names.start('dnsmasq', [...nameServer, ...zone(farHost.address)]));
      await names.receives('udp', 53);
      near = new HubfarmServer(nearHost, {
        settings: ['sip.trusted=["10.77.0.0/24"]', `sip.nameServers=["${names.address}"]`],
        environment: { NODE_EXTRA_CA_CERTS: authority.file },
      });
      // The callers of these scenarios say that they are of the called domain.
      far = new HubfarmServer(farHost, {
        settings: ['sip.tls=["5061"]', `sip.trusted=["${nearHost.address}"]`],
      });
      await Promise.all([near.start(), far.start()]);
      await far.hubfarm('cert', 'set', good.certificateFile, good.keyFile);
      const bob = { name: 'bob', password: 'word-of-bob' };
      for (const domain of domains) await provideAccounts(far, domain, [bob]);
      callee = new Sipp(calleeHost, { scenario: 'callee', port: calleePort });
      await calleeHost.receives('udp', calleePort);
      const users = writeUsers(
        caller,
        domains.map((domain) => ({ ...bob, domain })),
      );
      await new Sipp(caller, {
        ...{ scenario: 'register', target: `${farHost.address}:5060`, port: 6010, calls: domains.length, users },
        keys: { contact: `${calleeHost.address}:${calleePort}` },
      }).succeeds();
    });
    afterAll(async () => {
      await callee?.stop();
      for (const one of others) if (!one.hasEnded) await one.stop();
    });

    function call(scenario: string, domain: string, port: number): Sipp {
      const users = writeUsers(caller, [{ name: 'bob', domain, password: '' }]);
      const target = `${near.host.address}:5060`;
      return new Sipp(caller, { scenario, target, port, calls: 1, users, holdMs: 100 });
    }

    test.each(refusals)(
      'one whose certificate is refused ($domain) is named in the log, and the next one is taken',
      async ({ domain, port, says }) => {
        const figures = await call('caller', domain, port + 1000).succeeds();
        expect(figures).toMatchObject({ successful: 1, failed: 0 });
        const line = near.output.split('\n').find((one) => one.includes('certificate') && one.includes(`:${port}"`));
        expect(line).toMatch(/"level":"warn"/);
        expect(line).toMatch(says);
      },
    );

    test('when there is no other, the caller is told so at once', async () => {
      const begun = performance.now();
      await call('refused-caller', lonely, 6090).succeeds();
      expect(performance.now() - begun).toBeLessThan(10_000);
    });
  });
}

const nameServer = ['keep-in-foreground', 'no-resolv', 'no-hosts', 'no-daemon', 'conf-file=/dev/null', 'pid-file='].map(
  (word) => `--${word}`,
);

/** Each domain has two servers by TLS, and the one that is to be refused comes first. */
function zone(address: string): string[] {
  const ofDomain = (domain: string, port: number): string[] => [
    `--naptr-record=${domain},10,10,s,SIPS+D2T,,_sips._tcp.${domain}`,
    `--srv-host=_sips._tcp.${domain},server.${domain},${port},10,1`,
    `--host-record=server.${domain},${address}`,
  ];
  return [
    ...refusals.flatMap(({ domain, port }) => [
      ...ofDomain(domain, port),
      `--srv-host=_sips._tcp.${domain},server.${domain},5061,20,1`,
    ]),
    ...ofDomain(lonely, refusals[0].port),
  ];
}
