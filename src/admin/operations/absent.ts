import type { Fields } from '../schema/field.ts';
import { bool, data, int, list, str } from '../schema/field.ts';
import { hubOperation, operation, type Operation } from './operation.ts';

/**
 * Functions whose subject this server does not have yet, but to which there is an honest answer: an empty list, or
 * "switched off". The functions that would change it answer "not supported".
 */
const nameFields = { HubName: str() };

function emptyHubList(name: string, noun: string, group: string, about: string, hasCount = false): Operation {
  const count: Fields = hasCount ? { NumItem: int() } : {};
  return hubOperation<typeof nameFields, Fields>({
    name,
    noun,
    verb: 'list',
    about,
    effect: 'read',
    input: nameFields,
    output: { ...nameFields, ...count, [group]: list({}, 'always empty') },
    run: (_context, _input, _call, hub) => ({ HubName: hub.name, ...(hasCount ? { NumItem: 0 } : {}), [group]: [] }),
  });
}

function emptyServerList(name: string, noun: string, group: string, about: string): Operation {
  return operation<Fields, Fields>({
    name,
    noun,
    verb: 'list',
    about,
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { NumItem: int(), [group]: list({}, 'always empty') },
    run: () => ({ NumItem: 0, [group]: [] }),
  });
}

export const absentOperations = [
  emptyHubList('EnumGroup', 'group', 'GroupList', 'Groups of users: none yet.'),
  emptyHubList('EnumCa', 'ca', 'CAList', 'Trusted certificate authorities of a hub: none yet.'),
  emptyHubList('EnumLink', 'cascade', 'LinkList', 'Cascade connections of a hub: none yet.'),
  emptyHubList('EnumAccess', 'access', 'AccessList', 'Access list of a hub: empty, so everything passes.'),
  emptyHubList('EnumCrl', 'crl', 'CRLList', 'Revoked certificates of a hub: none yet.', true),
  emptyHubList(
    'GetAcList',
    'ac',
    'ACList',
    'Source addresses that a hub admits or refuses: no rule, all are admitted.',
    true,
  ),
  emptyServerList('EnumL3Switch', 'router', 'L3SWList', 'Virtual layer 3 switches: none yet.'),
  operation({
    name: 'GetKeep',
    noun: 'keep',
    verb: 'show',
    about: 'The function that keeps a dial-up line open: switched off.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      UseKeepConnect: bool(),
      KeepConnectHost: str(),
      KeepConnectPort: int(),
      KeepConnectProtocol: int(),
      KeepConnectInterval: int(),
    },
    run: () => ({
      UseKeepConnect: false,
      KeepConnectHost: '',
      KeepConnectPort: 0,
      KeepConnectProtocol: 0,
      KeepConnectInterval: 0,
    }),
  }),
  operation({
    name: 'GetSysLog',
    noun: 'syslog',
    verb: 'show',
    about: 'Sending logs to a syslog server: switched off.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { SaveType: int('0 = off'), Port: int(), Hostname: str() },
    run: () => ({ SaveType: 0, Port: 0, Hostname: '' }),
  }),
  operation({
    name: 'GetSpecialListener',
    noun: 'listener',
    verb: 'show-special',
    about: 'VPN over ICMP and over DNS: switched off.',
    role: 'server',
    effect: 'read',
    input: {},
    output: { VpnOverIcmpListener: bool(), VpnOverDnsListener: bool() },
    run: () => ({ VpnOverIcmpListener: false, VpnOverDnsListener: false }),
  }),
  operation({
    name: 'GetOpenVpnSstpConfig',
    noun: 'listener',
    verb: 'show-openvpn-sstp',
    about: 'OpenVPN and SSTP clients: not served.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { EnableOpenVPN: bool(), EnableSSTP: bool() },
    run: () => ({ EnableOpenVPN: false, EnableSSTP: false }),
  }),
  operation({
    name: 'GetAdminMsg',
    noun: 'server',
    verb: 'message',
    about: 'A message for administrators: none.',
    role: 'anyone',
    effect: 'read',
    input: nameFields,
    output: { HubName: str(), Msg: data() },
    run: () => ({ HubName: '', Msg: Buffer.alloc(0) }),
  }),
];
