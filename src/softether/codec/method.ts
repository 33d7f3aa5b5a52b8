import type { Pack } from './pack.ts';

/** What a client may ask for in its first PACK. */
const methods = ['login', 'additional_connect', 'enum_hub', 'password', 'admin', 'farm_connect'] as const;

export type Method = (typeof methods)[number];

/** Undefined for a method that is unknown or absent, which is answered with error 4. */
export function methodOf(pack: Pack): Method | undefined {
  const name = pack.str('method').toLowerCase();
  return methods.find((method) => method === name);
}
