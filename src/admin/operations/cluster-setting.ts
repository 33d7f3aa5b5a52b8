import { sha0 } from '#base';
import type { ClusterModes, ClusterModeStatus, ControllerSettings, MemberSettings } from '#cluster';
import { ErrorCode } from '#softether';
import { bool, data, int, ip, many, optional, str, type ValueOf } from '../schema/field.ts';
import { refuse, type Refusal } from './refusal.ts';
import { serverTypeNumbers } from './server-role.ts';

const HASH_BYTES = 20;
const NO_PASSWORD = Buffer.alloc(HASH_BYTES);
/** What a server starts with: as much of the cluster's work as any other. */
const DEFAULT_WEIGHT = 100;
/** As the original. */
const MAX_PORTS = 128;

/** RPC_FARM. */
export const farmFields = {
  ServerType: int('0 stand-alone, 1 cluster controller, 2 cluster member'),
  Ports: many(int('of a member: ports that clients are sent to')),
  PublicIp: ip('of a member: the address that clients are sent to; 0.0.0.0 = that of the connection to the controller'),
  ControllerName: str('of a member: host name or address of its controller'),
  ControllerPort: int(),
  MemberPassword: data("SHA-0 of the controller's administration password, 20 bytes; zeros = the one that is known"),
  MemberPasswordPlaintext: str("the controller's administration password itself, instead of its hash"),
  Weight: int('share of the work; 100 = normal'),
  ControllerOnly: bool('the controller takes no sessions itself'),
};

export const changedFarmFields = {
  ...farmFields,
  HubfarmBackup: optional(str('file on the server with the configuration as it was before')),
};

export function farmOutput(status: ClusterModeStatus | undefined): ValueOf<typeof farmFields> {
  const isMember = status?.mode === 'member';
  return {
    ServerType: serverTypeNumbers[status?.mode ?? 'standalone'],
    Ports: isMember ? status.publicPorts : [],
    PublicIp: isMember ? status.publicAddress : '',
    ControllerName: status?.controllerHost ?? '',
    ControllerPort: status?.controllerPort ?? 0,
    MemberPassword: NO_PASSWORD,
    MemberPasswordPlaintext: '',
    Weight: status?.weight ?? DEFAULT_WEIGHT,
    ControllerOnly: status?.isControllerOnly ?? false,
  };
}

/** The part that a server is to play. */
export type AskedMode =
  | { readonly mode: 'standalone' }
  | ({ readonly mode: 'controller' } & ControllerSettings)
  | ({ readonly mode: 'member' } & MemberSettings);

type FarmInput = ValueOf<typeof farmFields>;

export function askedMode(input: FarmInput): AskedMode | Refusal {
  const weight = input.Weight === 0 ? DEFAULT_WEIGHT : input.Weight;
  switch (input.ServerType) {
    case serverTypeNumbers.standalone:
      return { mode: 'standalone' };
    case serverTypeNumbers.controller:
      return { mode: 'controller', weight, isControllerOnly: input.ControllerOnly };
    case serverTypeNumbers.member:
      return askedMember(input, weight);
    default:
      return invalid(`ServerType ${input.ServerType}: it is 0, 1 or 2`);
  }
}

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;

function askedMember(input: FarmInput, weight: number): AskedMode | Refusal {
  if (input.ControllerName === '') return invalid('ControllerName must name the controller');
  if (!isPort(input.ControllerPort)) return invalid(`ControllerPort ${input.ControllerPort} is not a TCP port`);
  if (input.Ports.length === 0 || input.Ports.length > MAX_PORTS) {
    return invalid(`${input.Ports.length} public ports: there must be 1 to ${MAX_PORTS}`);
  }
  const bad = input.Ports.find((port) => !isPort(port));
  if (bad !== undefined) return invalid(`public port ${bad} is not a TCP port`);
  if (input.PublicIp.includes(':')) return invalid(`public address ${input.PublicIp}: clients need an IPv4 address`);
  const given = input.MemberPasswordPlaintext === '' ? input.MemberPassword : sha0(input.MemberPasswordPlaintext);
  const isGiven = given.some((byte) => byte !== 0);
  if (isGiven && given.length !== HASH_BYTES) {
    return invalid(`MemberPassword has ${given.length} bytes; it must have ${HASH_BYTES}`);
  }
  return {
    mode: 'member',
    controllerHost: input.ControllerName,
    controllerPort: input.ControllerPort,
    hashedPassword: isGiven ? given : undefined,
    publicAddress: input.PublicIp === '0.0.0.0' ? '' : input.PublicIp,
    publicPorts: input.Ports,
    weight,
  };
}

const invalid = (reason: string): Refusal => refuse(ErrorCode.INVALID_PARAMETER, reason);

export function changeMode(modes: ClusterModes, asked: AskedMode): Promise<void> {
  switch (asked.mode) {
    case 'standalone':
      return modes.setStandalone();
    case 'controller':
      return modes.setController(asked);
    case 'member':
      return modes.setMember(asked);
  }
}
