import { parseMemberId, type MemberId } from '#cluster';
import type { FarmSocket } from '../farm/farm-membership.ts';
import { transportNames } from '../transport/transport-name.ts';
import type { FarmWarning, MemberRole, Resolved } from './resolve-farm.ts';
import {
  balancers,
  farmSettings,
  processingSettings,
  type Balancer,
  type FarmMode,
  type Processing,
  type RoleSettings,
} from './settings.ts';
import { addressText, listOf, oneOf, parseObject } from './settings-codec.ts';

/**
 * What a member says of its part in the farm: `member/<server>/<index>/sip`, where every server may write what is its own.
 * It outlives the member: how it is set up counts also while it is down. What it says of the moment (`boot`, `isReady`,
 * the relay address) is believed as long as membership knows the same boot.
 */
export interface FarmRecord {
  readonly boot: string;
  /** In branches and tokens. */
  readonly token: string;
  /** Threads of one server have the same: what one can reach by a socket on all addresses, the other can, too. */
  readonly machine: string;
  readonly role: MemberRole;
  readonly configured: RoleSettings;
  readonly resolved: Pick<Resolved, 'farm' | 'signals' | 'callLegs'>;
  /** Where other members send frames; port 0: nowhere, at the moment. */
  readonly relayHost: string;
  readonly relayPort: number;
  readonly weight: number;
  readonly balancer: Balancer;
  readonly virtualAddresses: readonly string[];
  /** Of them, those that it has a socket on. */
  readonly boundAddresses: readonly string[];
  readonly wanAddress: string;
  readonly sockets: readonly FarmSocket[];
  /** Of its machine, and of no other: what its sockets on all addresses are found at. */
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  /** Why it is not ready; empty when it is. */
  readonly problem: string;
  readonly warnings: readonly FarmWarning[];
}

const memberPrefix = 'member/';
const keyEnd = '/sip';
const tokenForm = /^[0-9a-z]{1,16}$/;
const maxWeight = 1_000_000;
const maxTextChars = 1_000;
const maxWarnings = 32;
const maxSockets = 1_024;

/** Of all members; other records are there, too. */
export const farmRecordPrefix = memberPrefix;

export const farmRecordKey = (id: MemberId): string => `${memberPrefix}${id}${keyEnd}`;

/** undefined: some other record. */
export function memberOfFarmKey(key: string): MemberId | undefined {
  if (!key.startsWith(memberPrefix) || !key.endsWith(keyEnd)) return undefined;
  const id = key.slice(memberPrefix.length, -keyEnd.length);
  return parseMemberId(id) === undefined ? undefined : (id as MemberId);
}

export const serialiseFarmRecord = (record: FarmRecord): string => JSON.stringify(record);

/** Each member writes its own: what is wrong in one is not believed. */
export function parseFarmRecord(value: Uint8Array): FarmRecord | undefined {
  const record = parseObject(value);
  if (record === undefined) return undefined;
  const { boot, token, machine, role, relayHost, relayPort, weight, isReady, problem, wanAddress } = record;
  const configured = rolesOf(record['configured']);
  const resolved = rolesOf(record['resolved']);
  const balancer = oneOf(balancers, record['balancer']);
  const virtualAddresses = listOf(record['virtualAddresses'], addressText);
  const boundAddresses = listOf(record['boundAddresses'], addressText);
  const warnings = warningsOf(record['warnings']);
  const sockets = socketsOf(record['sockets']);
  const addresses = listOf(record['addresses'] ?? [], addressText);
  if (role !== 'backend' && role !== 'frontend') return undefined;
  if (configured === undefined || resolved === undefined || !isResolved(resolved)) return undefined;
  if (balancer === undefined || virtualAddresses === undefined || boundAddresses === undefined) return undefined;
  if (sockets === undefined || addresses === undefined || !isText(machine)) return undefined;
  if (!isText(boot) || !isText(problem) || !isText(relayHost) || !isText(wanAddress)) return undefined;
  if (typeof token !== 'string' || !tokenForm.test(token) || typeof isReady !== 'boolean') return undefined;
  if (!isCount(relayPort, 65_535) || !isCount(weight, maxWeight) || warnings === undefined) return undefined;
  return {
    boot,
    token,
    machine,
    role,
    configured,
    resolved,
    relayHost,
    relayPort,
    weight,
    balancer,
    virtualAddresses,
    boundAddresses,
    wanAddress,
    sockets,
    addresses,
    isReady,
    problem,
    warnings,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= maxTextChars;

const isCount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;

function rolesOf(value: unknown): RoleSettings | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { farm, signals, callLegs } = value as Readonly<Record<string, unknown>>;
  const roles = {
    farm: oneOf(farmSettings, farm),
    signals: oneOf(processingSettings, signals),
    callLegs: oneOf(processingSettings, callLegs),
  };
  const { farm: a, signals: b, callLegs: c } = roles;
  return a === undefined || b === undefined || c === undefined ? undefined : { farm: a, signals: b, callLegs: c };
}

const isResolved = (roles: RoleSettings): roles is { farm: FarmMode; signals: Processing; callLegs: Processing } =>
  roles.farm !== 'auto' && roles.signals !== 'auto' && roles.callLegs !== 'auto';

function warningsOf(value: unknown): readonly FarmWarning[] | undefined {
  if (!Array.isArray(value) || value.length > maxWarnings) return undefined;
  const warnings: FarmWarning[] = [];
  for (const one of value as readonly unknown[]) {
    if (typeof one !== 'object' || one === null) return undefined;
    const { code, text } = one as Readonly<Record<string, unknown>>;
    if (!isText(code) || !isText(text)) return undefined;
    warnings.push({ code, text });
  }
  return warnings;
}

function socketsOf(value: unknown): readonly FarmSocket[] | undefined {
  if (!Array.isArray(value) || value.length > maxSockets) return undefined;
  const sockets: FarmSocket[] = [];
  for (const one of value as readonly unknown[]) {
    if (typeof one !== 'object' || one === null) return undefined;
    const { id, transport, address, port } = one as Readonly<Record<string, unknown>>;
    const name = oneOf(transportNames, transport);
    const host = typeof address === 'string' ? addressText(address) : undefined;
    if (name === undefined || host === undefined || !isCount(id, 1_000_000) || !isCount(port, 65_535)) return undefined;
    sockets.push({ id, transport: name, address: host, port });
  }
  return sockets;
}
