import { ErrorCode } from './error-codes.ts';
import { Pack } from './pack.ts';
import { dataElement, intElement, strElement } from './pack-element.ts';
import { cutName } from './peer-text.ts';

export const RANDOM_BYTES = 20;

/** The first PACK of a server. */
export interface Hello {
  readonly product: string;
  /** 501 = 5.01 */
  readonly version: number;
  readonly build: number;
  /** 20 bytes, fresh for each TCP connection; every proof on it rests on them. */
  readonly random: Buffer;
}

export type HelloAnswer =
  { readonly kind: 'hello'; readonly hello: Hello } | { readonly kind: 'error'; readonly code: number };

export function encodeHello(hello: Hello): Pack {
  return new Pack([
    strElement('hello', hello.product),
    intElement('version', hello.version),
    intElement('build', hello.build),
    dataElement('random', hello.random),
  ]);
}

/** A server may refuse at once with an error of its own. What lacks the product or the random is no VPN server. */
export function decodeHello(pack: Pack): HelloAnswer {
  const code = pack.int('error');
  if (code !== 0) return { kind: 'error', code };
  const random = Buffer.from(pack.data('random'));
  if (pack.str('hello') === '' || random.length !== RANDOM_BYTES) {
    return { kind: 'error', code: ErrorCode.SERVER_IS_NOT_VPN };
  }
  const product = cutName(pack.str('hello'));
  return { kind: 'hello', hello: { product, version: pack.int('version'), build: pack.int('build'), random } };
}
