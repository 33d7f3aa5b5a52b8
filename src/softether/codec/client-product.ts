import type { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';

/** The three fields that every first PACK of a client has. */
export interface ClientProduct {
  /** `SoftEther VPN Client …`; one with "server" or "bridge" in it makes a bridge session. */
  readonly name: string;
  /** 501 = 5.01 */
  readonly version: number;
  readonly build: number;
}

export function clientProductOf(pack: Pack): ClientProduct {
  return { name: cutName(pack.str('client_str')), version: pack.int('client_ver'), build: pack.int('client_build') };
}

export function setClientProduct(pack: Pack, client: ClientProduct): Pack {
  return pack
    .setStr('client_str', client.name)
    .setInt('client_ver', client.version)
    .setInt('client_build', client.build);
}
