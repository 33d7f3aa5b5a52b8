import type { Policy } from '#hub';
import { policyFieldKinds } from '#softether';
import { bool, int, optional, optionalStruct, type Scalar, type ValueOf } from '../../schema/field.ts';

type Kinds = typeof policyFieldKinds;
type ItemFields = { readonly [N in keyof Kinds as `policy:${N}`]: Scalar<Kinds[N], false> };

/** Units and limits of the items that are numbers. */
const about: Readonly<Partial<Record<keyof Kinds, string>>> = {
  Access: 'may log in',
  MaxConnection: 'TCP connections of a session, 1 to 32',
  TimeOut: 'seconds, 5 to 60',
  MaxMac: '0 = unlimited',
  MaxIP: '0 = unlimited',
  MaxUpload: 'bit/s, 0 = unlimited',
  MaxDownload: 'bit/s, 0 = unlimited',
  MultiLogins: 'sessions at a time, 0 = unlimited',
  MaxIPv6: '0 = unlimited',
  AutoDisconnect: 'seconds, 0 = never',
  VLanId: '1 to 4095, 0 = none',
};

const names = Object.keys(policyFieldKinds) as readonly (keyof Kinds)[];

function itemFields(): ItemFields {
  const entries = names.map((name): [string, Scalar] => [
    `policy:${name}`,
    policyFieldKinds[name] === 'int' ? int(about[name]) : bool(about[name]),
  ]);
  return Object.fromEntries(entries) as unknown as ItemFields;
}

/** POLICY, in the order in which vpncmd numbers the items. */
export const policyFields = { ...itemFields(), 'policy:Ver3': bool('always true: all 38 items are there') };

/** A policy that may be missing: the user or group has none of its own. */
export const ownPolicyFields = {
  UsePolicy: optional(bool('whether the policy items below are there and count')),
  ...optionalStruct(policyFields),
};

type PolicyOutput = ValueOf<typeof policyFields>;

export function policyOutput(policy: Policy): PolicyOutput {
  const items = Object.fromEntries(names.map((name) => [`policy:${name}`, policy[name]] as const));
  return { ...items, 'policy:Ver3': true } as PolicyOutput;
}

/** Items that are absent count as 0, as with the original: whoever sets a policy sends all of it. */
export function policyInput(value: ValueOf<typeof ownPolicyFields>): Policy | undefined {
  if (value.UsePolicy !== true) return undefined;
  const items = names.map((name): [string, number | boolean] => [
    name,
    value[`policy:${name}`] ?? (policyFieldKinds[name] === 'int' ? 0 : false),
  ]);
  return Object.fromEntries(items) as unknown as Policy;
}
