import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeClock, createNodeDns } from '#io/node';
import { SeededRandom } from '#io/sim';
import { parseSipUri } from '../../src/sip/message/sip-uri.ts';
import { DnsServerLocator } from '../../src/sip/transport/dns-locator.ts';
import { Dnsmasq } from './dnsmasq.ts';
import { requirePeers } from './peers.ts';

/** What a domain with a SIP service has in its zone. */
const zone = [
  'naptr-record=example.org,20,10,s,SIP+D2U,,_sip._udp.example.org',
  'naptr-record=example.org,10,10,s,SIPS+D2T,,_sips._tcp.example.org',
  'srv-host=_sips._tcp.example.org,secure.example.org,5061,1,1',
  'srv-host=_sip._udp.example.org,backup.example.org,5062,20,1',
  'srv-host=_sip._udp.example.org,main.example.org,5060,10,1',
  'srv-host=_sip._tcp.plain.example.org,main.example.org,5070,1,1',
  'host-record=main.example.org,192.0.2.1,2001:db8::1',
  'host-record=backup.example.org,192.0.2.2',
  'host-record=secure.example.org,192.0.2.3',
  'host-record=host.example.org,192.0.2.4',
];

if (requirePeers(['dnsmasq'])) {
  describe('the servers of a domain, as a real name server tells them', () => {
    let server: Dnsmasq;
    const locator = (address: string): DnsServerLocator =>
      new DnsServerLocator(
        {
          clock: createNodeClock(),
          random: new SeededRandom(1),
          dns: createNodeDns({ servers: [address], timeoutMs: 500 }),
        },
        { transports: ['udp', 'tcp', 'tls'], families: () => [4, 6] },
      );
    const locate = async (uri: string, from = locator(server.address)): Promise<string[]> =>
      (await from.locate(parseSipUri(uri)!)).map(({ transport, address, port, tlsName = '' }) =>
        `${transport} ${address} ${port} ${tlsName}`.trim(),
      );

    beforeAll(async () => {
      server = await Dnsmasq.start(zone);
    });
    afterAll(() => server.stop());

    test('NAPTR, SRV with priorities, and addresses of both families', async () => {
      expect(await locate('sip:a@example.org')).toEqual([
        'tls 192.0.2.3 5061 example.org',
        'udp 192.0.2.1 5060',
        'udp 2001:db8::1 5060',
        'udp 192.0.2.2 5062',
      ]);
      expect(await locate('sips:a@example.org')).toEqual(['tls 192.0.2.3 5061 example.org']);
      expect(await locate('sip:a@example.org;transport=udp')).toHaveLength(3);
    });

    test('SRV without NAPTR', async () => {
      expect(await locate('sip:a@plain.example.org')).toEqual(['tcp 192.0.2.1 5070', 'tcp 2001:db8::1 5070']);
    });

    test('a host without either, and a name that does not exist', async () => {
      expect(await locate('sip:a@host.example.org')).toEqual(['udp 192.0.2.4 5060']);
      expect(await locate('sip:a@host.example.org:5099;transport=tcp')).toEqual(['tcp 192.0.2.4 5099']);
      expect(await locate('sip:a@nowhere.example.org')).toEqual([]);
    });

    test('is believed for as long as it says, also when nobody answers any more', async () => {
      const dying = await Dnsmasq.start(zone);
      const kept = locator(dying.address);
      const before = await locate('sip:a@example.org', kept);
      await dying.stop();
      expect(await locate('sip:a@example.org', kept)).toEqual(before);
      expect(kept.locateNow(parseSipUri('sip:b@example.org')!)).toHaveLength(4);
      expect(await locate('sip:a@host.example.org', kept)).toEqual([]);
    });
  });
}
