import { parseIpAddress } from '#base';
import { isServerName, serverNameRule } from '#cluster';
import { defaultClusterSessionLimits } from '#softether';
import { listenAddressItem, type ListenAddress } from './listen-address.ts';
import { checkedText, choice, flag, integer, integerOrAuto, optionalList, text, type Section } from './setting.ts';

export interface ClusterSection {
  /** Empty = the server's name. */
  readonly name: string;
  /** Of the first member; the next ones listen on the ports after it. undefined = 5570 on every address. */
  readonly bus: readonly ListenAddress[] | undefined;
  readonly engineClientPort: number;
  readonly enginePeerPort: number;
  /** Empty = `HUBFARM_ETCD` of the environment, else `etcd`. */
  readonly engineProgram: string;
  /** IPv4 text; empty = what `cluster init` or `cluster join` was told, else the address that is used. */
  readonly publicAddress: string;
  /** undefined = what `cluster init` or `cluster join` was told, else the listeners'. */
  readonly publicPorts: readonly number[] | undefined;
  /** undefined = what administrators have set. */
  readonly weight: number | undefined;
  /** `set`: what administrators have set. */
  readonly controllerOnly: 'set' | 'yes' | 'no';
  readonly acceptLogins: boolean;
  readonly drainSessionsPerSecond: number;
  /** Empty = none. */
  readonly controllerHook: string;
  /** Days; 0 = none are written. */
  readonly backupsKept: number;
  /** Base64 of an Ed25519 public key; empty = nobody sells licences. */
  readonly licenceIssuer: string;
}

export const defaultBusPort = 5570;
const defaultEnginePorts = { client: 5568, peer: 5569 };
const maxWeight = 1_000_000;
const defaultBackupsKept = 7;
const issuerBytes = 32;
const issuerPattern = /^[A-Za-z0-9+/]{43}=?$/;

const portItem = {
  expects: 'a TCP port from 1 to 65535',
  decode: (value: unknown) => {
    const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
    return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535 ? Number(port) : undefined;
  },
  identity: (port: number) => port,
};

export const cluster: Section<ClusterSection> = {
  description:
    'The part of this server in a cluster. Whether it is in one is no setting: see `hubfarm cluster init` and `hubfarm cluster join`.',
  settings: {
    name: checkedText(
      '',
      (value) => value === '' || isServerName(value),
      `empty, or ${serverNameRule}`,
      'Name of this server in a cluster that it makes or joins. Empty: the name of the server.',
    ),
    bus: optionalList(
      listenAddressItem,
      `Where the other members reach this one: one place, for instance ["${defaultBusPort}"]. Further members of this server listen on the ports after it. Without this line: port ${defaultBusPort} on every address.`,
    ),
    engineClientPort: integer(
      defaultEnginePorts.client,
      1,
      65_535,
      'Where the engine (etcd) of this server answers the members of the cluster.',
    ),
    enginePeerPort: integer(
      defaultEnginePorts.peer,
      1,
      65_535,
      'Where the engine of this server answers the engines of the others.',
    ),
    engineProgram: text(
      '',
      'Program of the engine: a path, or a name that is looked for in PATH. Empty: HUBFARM_ETCD of the environment, else "etcd".',
    ),
    publicAddress: checkedText(
      '',
      (value) => value === '' || parseIpAddress(value)?.length === 4,
      'an IPv4 address, or empty',
      'IPv4 address that clients are sent to. Empty: what the administrator said when the server joined; without a cluster the one that the client came to.',
    ),
    publicPorts: optionalList(
      portItem,
      'Ports that clients are sent to, where they are others than those of the listeners (behind a router). Further members of this server: each a number higher.',
    ),
    weight: integerOrAuto(
      undefined,
      1,
      maxWeight,
      'Share of the sessions: 100 is normal, 200 takes twice as many. "auto": what administrators have set.',
    ),
    controllerOnly: choice(
      'set',
      ['set', 'yes', 'no'],
      'Whether this server takes no sessions while it is the controller. "set": what administrators have set.',
    ),
    acceptLogins: flag(
      true,
      'Whether users can log in here although another server is the controller. Counts on servers that may become the controller.',
    ),
    drainSessionsPerSecond: integer(
      defaultClusterSessionLimits.drainSessionsPerSecond,
      1,
      100_000,
      'How fast a draining server sends its sessions away.',
    ),
    backupsKept: integer(
      defaultBackupsKept,
      0,
      3_650,
      'The controller writes a backup of the cluster each day, as a copy of its store and as a JSON document, in the folder backups of its data directory: for how many days they are kept. 0: none are written.',
    ),
    licenceIssuer: checkedText(
      '',
      (value) => value === '' || (issuerPattern.test(value) && Buffer.from(value, 'base64').length === issuerBytes),
      'empty, or an Ed25519 public key: 32 bytes as base64',
      'Public key of whoever sells licences for the servers of this operator: then clusters, and the sessions in them, need licences by that issuer. The same on each server. Empty: nobody does, and nothing is limited.',
    ),
    controllerHook: text(
      '',
      'Program that is run with the word "controller" when this server becomes the controller, and "member" when it is it no more: it may move a floating address or change a name in DNS. Empty: none.',
    ),
  },
  conflict: ({ bus, engineClientPort, enginePeerPort }) => {
    if (bus !== undefined && bus.length !== 1) return { key: 'bus', message: 'must be a list of one place' };
    return engineClientPort === enginePeerPort
      ? { key: 'enginePeerPort', message: `must not be engineClientPort, ${engineClientPort}` }
      : undefined;
  },
};
