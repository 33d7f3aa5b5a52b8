import { parseIpAddress } from '#base';
import { addressText, balancers, farmSettings, networkText, processingSettings } from '#sip';
import { defaultRelayPort, defaultSipConfig, defaultSipPort, type SipConfig, type SipListenAddress } from '#sip';
import { parseListenAddress } from './listen-address.ts';
import { checkedText, choice, flag, integer, integerOrAuto } from './setting.ts';
import { optionalList, type Item, type Section, type Setting } from './setting.ts';

const defaults = defaultSipConfig;
const day = 24 * 60 * 60;
const maxTos = 255;

/** As the listeners' entries, but several addresses may have the same port: direct server return needs it. */
const place: Item<SipListenAddress> = {
  expects: 'a port from 1 to 65535, "ADDRESS" or "ADDRESS:PORT" (IPv6: "[ADDRESS]:PORT")',
  decode: (value) => {
    if (typeof value === 'number') return parseListenAddress(String(value));
    return typeof value === 'string' ? parseListenAddress(value) : undefined;
  },
  identity: ({ host, port }) => `${host ?? '*'} ${port}`,
};

const network: Item<string> = {
  expects: 'a network such as "192.0.2.0/24" or "2001:db8::/32", or an address',
  decode: (value) => (typeof value === 'string' ? networkText(value) : undefined),
  identity: (value) => value,
};

const address: Item<string> = {
  expects: 'an IP address such as "192.0.2.1" or "2001:db8::1"',
  decode: (value) => (typeof value === 'string' ? addressText(value) : undefined),
  identity: (value) => value,
};

const hostName: Item<string> = {
  expects: 'a host name',
  decode: (value) =>
    typeof value === 'string' && value.length <= 253 && /^[\w-]+(\.[\w-]+)*$/.test(value)
      ? value.toLowerCase()
      : undefined,
  identity: (value) => value,
};

const nameServer: Item<string> = {
  expects: 'an address, or "ADDRESS:PORT" (IPv6: "[ADDRESS]:PORT")',
  decode: (value) => {
    if (typeof value !== 'string') return undefined;
    const at = parseListenAddress(value);
    return parseIpAddress(value) !== undefined || at?.host !== undefined ? value : undefined;
  },
  identity: (value) => value,
};

/** "auto" = nothing is said here: undefined. */
const orAuto = <T>(setting: Setting<T>): Setting<T | undefined> => ({
  ...setting,
  expects: `"auto" or ${setting.expects}`,
  fallback: undefined,
  fallbackToml: '"auto"',
  accept: (value) => (value === 'auto' ? { value: undefined } : setting.accept(value)),
});

const onePlace = ({ expects, decode }: Item<SipListenAddress>, description: string): Setting<SipListenAddress> => ({
  description,
  expects,
  fallback: { host: undefined, port: defaultRelayPort },
  fallbackToml: undefined,
  accept: (value) => {
    const decoded = decode(value);
    return decoded === undefined ? undefined : { value: decoded };
  },
  fromWord: (word) => word,
});

const noSuchLine = 'Without this line: none.';

export const sip: Section<SipConfig> = {
  description:
    'The SIP server: registrar and proxy. Its domains and accounts are made with `hubfarm domain` and `hubfarm account`.',
  settings: {
    listen: optionalList(
      place,
      `Where it listens, by UDP and TCP: ["${defaultSipPort}", "192.0.2.1:${defaultSipPort}"]. An empty list: no SIP. Without this line: port ${defaultSipPort} on every address. The first one from which a place can be reached is where requests to it leave by. A place that cannot be opened is shown as such, stops no other, and is tried again.`,
    ),
    tls: optionalList(
      place,
      `The same with TLS, with the certificate of the server; the usual port is 5061. ${noSuchLine}`,
    ),
    ws: optionalList(place, `The same with WebSocket (RFC 7118), for a proxy in front that does TLS. ${noSuchLine}`),
    wss: optionalList(place, `The same with WebSocket and TLS, for browsers. ${noSuchLine}`),
    sharePorts: orAuto(
      flag(
        true,
        'With several members: all listen on the same ports and the kernel spreads the senders (SO_REUSEPORT). Otherwise the second member listens on each port + 1, and so on; where there are as many places as members, each member has one of them. "auto": shared, but not where there are as many places as members.',
      ),
    ),
    farm: choice(
      defaults.farm,
      farmSettings,
      'SIP Farm. "member": works on calls whichever member their messages come to; "disabled": works on what comes here; "relay": the same, and sends out through members; "auto": alone "disabled", with several members "member"; in a cluster frontends are members, and servers that may control it relay.',
    ),
    signals: choice(
      defaults.signals,
      processingSettings,
      'Signal Processing. "locally", "locally-for-others", "remotely", or "auto": as the part in the cluster has it.',
    ),
    callLegs: choice(defaults.callLegs, processingSettings, 'Call Legs Processing, as signals.'),
    virtualAddresses: optionalList(
      address,
      `Addresses that several servers answer for, behind a load balancer. Without this line: what is set for the cluster, else none.`,
    ),
    balancer: orAuto(
      choice(
        'none',
        balancers,
        'How the load balancer works: "nat" = it changes the address that messages go to, and the one that answers come from; "dsr" = direct server return, the virtual addresses are on each server. "auto": what is set for the cluster, else "none".',
      ),
    ),
    wanAddress: orAuto(
      checkedText(
        '',
        (value) => value === '' || addressText(value) !== undefined,
        'an IP address, or empty',
        'What places outside of lanNetworks are told to be the address of this server. "auto": what is set for the cluster, else a virtual address, else its own.',
      ),
    ),
    lanNetworks: optionalList(
      network,
      'Networks in which the own addresses of the servers are known. Without this line: what is set for the cluster, else none but the servers themselves.',
    ),
    relayListen: orAuto(
      onePlace(
        place,
        `Where other members hand messages over, by UDP: a place that only they can reach. Further members of this server listen on the ports after it. "auto": the address and port number of cluster.bus, by default ${defaultRelayPort}; on a server that stands alone a free port of 127.0.0.1.`,
      ),
    ),
    names: optionalList(
      hostName,
      'Host names of this server, by which others may name it in Route and Request-URI. Its addresses need not be named.',
    ),
    trusted: optionalList(network, `Networks whose requests are not asked for a password. ${noSuchLine}`),
    relay: choice(
      defaults.relay,
      ['clients', 'authenticated', 'anybody'],
      'Who may send requests to domains that are not here: "clients" = accounts and trusted networks, "authenticated" = accounts with their password, "anybody" = all the world, which is an open relay.',
    ),
    recordRoute: choice(
      defaults.recordRoute,
      ['always', 'nat', 'never'],
      'Whether later requests of a call come by this server: always, only where a party is behind NAT or on a connection, or never.',
    ),
    natPing: choice(
      defaults.natPing,
      ['options', 'crlf', 'none'],
      'How telephones behind a NAT that have registered by UDP are kept reachable: "options" = by an OPTIONS, whose answer keeps the NAT open from the inside, too; "crlf" = by four bytes; "none". Each is pinged by the one member whose socket its NAT knows.',
    ),
    natPingS: integer(defaults.natPingS, 5, 600, 'How often, in seconds. Most NATs forget UDP after 30 s and more.'),
    minExpiresS: integer(
      defaults.minExpiresS,
      1,
      day,
      'Shortest time, in seconds, for which a telephone may register.',
    ),
    maxExpiresS: integer(defaults.maxExpiresS, 60, 30 * day, 'Longest such time; more is cut to it.'),
    defaultExpiresS: integer(defaults.defaultExpiresS, 1, 30 * day, 'The time for those who do not say one.'),
    contactsPerAccount: integer(
      defaults.contactsPerAccount,
      1,
      100,
      'Telephones that may be registered for an account at once, unless the account says otherwise.',
    ),
    nonceLifetimeS: integer(
      defaults.nonceLifetimeS,
      10,
      day,
      'How long, in seconds, a telephone may use the challenge that it was given.',
    ),
    digest: choice(
      defaults.digest,
      ['all', 'both', 'SHA-256', 'MD5'],
      'Which digests are asked for. "both" is SHA-256, then MD5 for those who know no other (RFC 8760); but there are telephones that give up when they see it. "all" has SHA-512-256 before them, and lets telephones hide their user (RFC 7616).',
    ),
    t1Ms: integer(
      defaults.t1Ms,
      50,
      10_000,
      'T1 of RFC 3261, milliseconds: the first retransmission, and all that follows from it.',
    ),
    t2Ms: integer(defaults.t2Ms, 100, 60_000, 'T2: the longest time between retransmissions.'),
    timerBMs: integer(
      defaults.timerBMs,
      0,
      300_000,
      'Timer B, milliseconds: how long a call waits for a first answer of the next server. 0: 64 times T1.',
    ),
    timerCMs: integer(
      defaults.timerCMs,
      10_000,
      3_600_000,
      'Timer C, milliseconds: a call that rings for so long without a word is given up. RFC 3261 wants more than 180,000.',
    ),
    tos: integerOrAuto(
      defaults.tos,
      0,
      maxTos,
      'The byte of IP type of service (DSCP times 4) of SIP over UDP: 96 is CS3, 104 AF31. "auto": as the system does.',
    ),
    connectionIdleMs: integer(
      defaults.connectionIdleMs,
      10_000,
      7 * day * 1000,
      'A connection on which nothing has come for so long, milliseconds, is closed. Longer than telephones register for.',
    ),
    verifyServers: flag(
      defaults.verifyServers,
      'Whether a server that is reached by TLS must show a certificate for its name, of an authority that this machine trusts.',
    ),
    nameServers: optionalList(nameServer, 'Name servers to ask. Without this line: those of this machine.'),
    batchedUdp: flag(
      defaults.batchedUdp,
      'Whether many datagrams are received and sent by one system call, where the system can: a third of the work.',
    ),
    callRecords: flag(
      defaults.callRecords,
      'Whether a line of JSON is written for each call, in the folder "calls" of the data directory.',
    ),
  },
  conflict: ({ minExpiresS, maxExpiresS, defaultExpiresS, t1Ms, t2Ms }) => {
    if (minExpiresS > maxExpiresS) {
      return { key: 'minExpiresS', message: `must not exceed maxExpiresS, ${maxExpiresS}` };
    }
    if (defaultExpiresS < minExpiresS || defaultExpiresS > maxExpiresS) {
      return {
        key: 'defaultExpiresS',
        message: `must be from minExpiresS, ${minExpiresS}, to maxExpiresS, ${maxExpiresS}`,
      };
    }
    return t1Ms > t2Ms ? { key: 't1Ms', message: `must not exceed t2Ms, ${t2Ms}` } : undefined;
  },
};
