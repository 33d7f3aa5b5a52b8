import type { Pack } from './pack.ts';
import { boolElement, intElement, type PackElement } from './pack-element.ts';

/** The 38 items of a security policy in the order of their ids, as the `PolicyList` command shows them. */
export const policyFieldKinds = {
  Access: 'bool',
  DHCPFilter: 'bool',
  DHCPNoServer: 'bool',
  DHCPForce: 'bool',
  NoBridge: 'bool',
  NoRouting: 'bool',
  CheckMac: 'bool',
  CheckIP: 'bool',
  ArpDhcpOnly: 'bool',
  PrivacyFilter: 'bool',
  NoServer: 'bool',
  NoBroadcastLimiter: 'bool',
  MonitorPort: 'bool',
  MaxConnection: 'int',
  TimeOut: 'int',
  MaxMac: 'int',
  MaxIP: 'int',
  MaxUpload: 'int',
  MaxDownload: 'int',
  FixPassword: 'bool',
  MultiLogins: 'int',
  NoQoS: 'bool',
  RSandRAFilter: 'bool',
  RAFilter: 'bool',
  DHCPv6Filter: 'bool',
  DHCPv6NoServer: 'bool',
  NoRoutingV6: 'bool',
  CheckIPv6: 'bool',
  NoServerV6: 'bool',
  MaxIPv6: 'int',
  NoSavePassword: 'bool',
  AutoDisconnect: 'int',
  FilterIPv4: 'bool',
  FilterIPv6: 'bool',
  FilterNonIP: 'bool',
  NoIPv6DefaultRouterInRA: 'bool',
  NoIPv6DefaultRouterInRAWhenIPv6: 'bool',
  VLanId: 'int',
} as const;

type FieldName = keyof typeof policyFieldKinds;

/** A policy as a PACK holds it; the same shape as the hub's `Policy`. */
export type PolicyFields = {
  readonly [Name in FieldName]: (typeof policyFieldKinds)[Name] extends 'bool' ? boolean : number;
};

const PREFIX = 'policy:';
/** Says that the items from RSandRAFilter on are there; peers before version 3 have only the 22 before it. */
const VERSION_3 = `${PREFIX}Ver3`;
/** With its name in a PACK and, as most are 0 or 1, its elements for these: none is put together anew for each log-in. */
const fields = Object.entries(policyFieldKinds).map(([name, kind]) => ({
  name: name as FieldName,
  packName: PREFIX + name,
  isBool: kind === 'bool',
  zero: boolElement(PREFIX + name, false),
  one: boolElement(PREFIX + name, true),
}));
const version3 = boolElement(VERSION_3, true);

/** All 38 items and the mark of version 3. */
export function policyElements(policy: PolicyFields): PackElement[] {
  const elements = fields.map(({ name, packName, zero, one }) => {
    const value = Number(policy[name]);
    if (value === 0) return zero;
    return value === 1 ? one : intElement(packName, value);
  });
  elements.push(version3);
  return elements;
}

/** Absent items read as false and 0: so does every peer. */
export function policyOf(pack: Pack): PolicyFields {
  const policy: Partial<Record<FieldName, boolean | number>> = {};
  for (const { name, packName, isBool } of fields) {
    const value = pack.int(packName);
    policy[name] = isBool ? value !== 0 : value;
  }
  return policy as PolicyFields;
}
