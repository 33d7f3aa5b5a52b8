import { parseIpAddress } from '#base';
import type { Item } from './setting.ts';

/** A place to listen at; `host` undefined = every address of the machine. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

function parsePort(word: string): number | undefined {
  const port = Number(word);
  return /^\d{1,5}$/.test(word) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** `443`, `192.0.2.1:443`, `[2001:db8::1]:443`, `*:443`; undefined when it is none of these. */
export function parseListenAddress(word: string): ListenAddress | undefined {
  const colon = word.lastIndexOf(':');
  const port = parsePort(word.slice(colon + 1));
  if (port === undefined) return undefined;
  const host = colon < 0 ? '*' : word.slice(0, colon);
  if (host === '*') return { host: undefined, port };
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  const address = isBracketed ? host.slice(1, -1) : host;
  // Without brackets nobody could tell the port of an IPv6 address from its last group.
  if (address.includes(':') !== isBracketed || parseIpAddress(address) === undefined) return undefined;
  return { host: address, port };
}

/** An entry of the listeners' list. One port can have one listener, whatever its address. */
export const listenAddressItem: Item<ListenAddress> = {
  expects: 'a TCP port from 1 to 65535, or "ADDRESS:PORT" (IPv6: "[ADDRESS]:PORT")',
  decode: (value) => {
    if (typeof value === 'number') return parseListenAddress(String(value));
    return typeof value === 'string' ? parseListenAddress(value) : undefined;
  },
  identity: ({ port }) => port,
};
