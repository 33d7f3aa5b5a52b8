import { clientProductOf, setClientProduct, type ClientProduct } from './client-product.ts';
import { Pack } from './pack.ts';
import { SESSION_KEY_BYTES } from './welcome.ts';

/** "This connection is one more of that session." */
export interface AdditionalConnect {
  readonly sessionKey: Buffer;
  readonly client: ClientProduct;
}

/** Which way frames go on one connection. */
export type StreamDirection = 'both' | 'toClient' | 'toServer';

export type AdditionalConnectAnswer =
  | { readonly kind: 'accepted'; readonly direction: StreamDirection }
  | { readonly kind: 'error'; readonly code: number };

/** On the wire: its index. */
const directions = ['both', 'toClient', 'toServer'] as const satisfies readonly StreamDirection[];

/** Undefined if the key is not 20 bytes: error 4. */
export function decodeAdditionalConnect(pack: Pack): AdditionalConnect | undefined {
  const sessionKey = Buffer.from(pack.data('session_key'));
  return sessionKey.length === SESSION_KEY_BYTES ? { sessionKey, client: clientProductOf(pack) } : undefined;
}

export function encodeAdditionalConnect(request: AdditionalConnect): Pack {
  const pack = new Pack().setStr('method', 'additional_connect').setData('session_key', request.sessionKey);
  return setClientProduct(pack, request.client);
}

export function encodeAdditionalConnectAnswer(direction: StreamDirection): Pack {
  return new Pack().setInt('error', 0).setInt('direction', directions.indexOf(direction));
}

/** A direction that nobody knows is taken as both. */
export function decodeAdditionalConnectAnswer(pack: Pack): AdditionalConnectAnswer {
  const code = pack.int('error');
  if (code !== 0) return { kind: 'error', code };
  return { kind: 'accepted', direction: directions[pack.int('direction')] ?? 'both' };
}
