import { accountVerbs } from './account-verbs.ts';
import { banVerbs } from './ban-verbs.ts';
import { clusterVerbs } from './cluster-verbs.ts';
import { configVerbs } from './config-verbs.ts';
import { domainVerbs } from './domain-verbs.ts';
import { farmVerbs } from './farm-verbs.ts';
import { hubVerbs } from './hub-verbs.ts';
import { lbVerbs } from './lb-verbs.ts';
import { licenceVerbs } from './licence-verbs.ts';
import { listVerbs } from './list-verbs.ts';
import { mediaVerbs } from './media-verbs.ts';
import { serverVerbs } from './server-verbs.ts';
import { sipVerbs } from './sip-verbs.ts';
import { userVerbs } from './user-verbs.ts';
import type { Verb } from './verb.ts';

/** Every `hubfarm <noun> <verb>`. */
export const verbTable: readonly Verb[] = [
  ...hubVerbs,
  ...userVerbs,
  ...listVerbs,
  ...serverVerbs,
  ...banVerbs,
  ...configVerbs,
  ...clusterVerbs,
  ...licenceVerbs,
  ...domainVerbs,
  ...accountVerbs,
  ...sipVerbs,
  ...farmVerbs,
  ...lbVerbs,
  ...mediaVerbs,
];

/** What a noun stands for, in the list of commands. */
export const nounTitles: Readonly<Record<string, string>> = {
  hub: 'virtual hubs',
  user: 'users of a hub',
  session: 'VPN sessions of a hub',
  mac: 'the MAC address table of a hub',
  ip: 'the IP address table of a hub',
  listener: 'TCP ports of the server',
  connection: 'TCP connections that are no session (yet)',
  bridge: 'local bridges between hubs and network interfaces',
  cert: "the server's certificate",
  server: 'the server itself',
  ban: 'who is kept out after too many failed log-ins',
  cluster: 'several servers that are one',
  licence: 'licences, where somebody issues them',
  domain: 'SIP domains',
  account: 'SIP accounts',
  sip: 'the SIP server',
  lb: 'load balancers in front of the cluster',
  farm: 'the SIP Farm: members that are one SIP server',
  media: 'the media of calls',
  config: 'the whole configuration, and configuration files',
};
