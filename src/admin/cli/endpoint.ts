import { usageError } from './exit-code.ts';

/** `127.0.0.1:5555`, `vpn.example.org`, `[2001:db8::1]:443`, `vpn@5555` (vpncmd's other notation). */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 443;

/** Errors: a usage error that names the text. */
export function parseHostAndPort(text: string): HostAndPort {
  const match =
    /^\[([0-9a-f:.]+)\](?:[:@](\d{1,5}))?$/i.exec(text) ??
    /^([^:@\s[\]/]+)(?:[:@](\d{1,5}))?$/.exec(text) ??
    // A bare IPv6 address has no room for a port.
    /^([0-9a-f]*:[0-9a-f:.]+)$/i.exec(text);
  const host = match?.[1];
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  if (host === undefined || port < 1 || port > 65535) {
    throw usageError(`"${text}" is no server: give HOST, HOST:PORT or [IPV6]:PORT`);
  }
  return { host, port };
}

export const hostAndPortText = ({ host, port }: HostAndPort): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
