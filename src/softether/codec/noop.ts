import { Pack } from './pack.ts';

/** A client that asks its user about a certificate sends one every 3 s. Newer clients send 2 for one that wants no answer. */
export type Noop = 'answer' | 'ignore';

export function noopOf(pack: Pack): Noop | undefined {
  const value = pack.int('noop');
  if (value === 0) return undefined;
  return value === 2 ? 'ignore' : 'answer';
}

export function encodeNoopAnswer(): Pack {
  return new Pack().setInt('error', 0).setInt('noop', 1);
}
