import { parseFingerprint, parseHostAndPort, usageError, type HostAndPort } from '#admin/cli';
import { parseIpAddress } from '#base';

/** The options of `hubfarm connect` as commander gives them. */
export interface ConnectOptions {
  readonly hub: string;
  readonly user: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly plainPassword?: boolean;
  readonly certificate?: string;
  readonly key?: string;
  readonly tap?: string;
  readonly address?: string;
  readonly connections: string;
  readonly halfDuplex?: boolean;
  readonly compress?: boolean;
  /** `--no-encrypt` */
  readonly encrypt: boolean;
  readonly bridge?: boolean;
  readonly fingerprint?: string;
  readonly insecure?: boolean;
  readonly once?: boolean;
}

/** They, looked over. */
export interface ConnectSettings {
  readonly server: HostAndPort;
  /** Of the same cluster, for when that one does not answer. */
  readonly otherServers: readonly HostAndPort[];
  readonly hubName: string;
  readonly userName: string;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly hasPlainPassword: boolean;
  /** Paths. */
  readonly identity: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** Undefined: the first free one of `hubfarm0`, `hubfarm1`, … */
  readonly tapName: string | undefined;
  readonly address: { readonly kind: 'none' | 'dhcp' } | { readonly kind: 'fixed'; readonly cidr: string };
  readonly connections: number;
  readonly isHalfDuplex: boolean;
  readonly isCompressed: boolean;
  readonly isEncrypted: boolean;
  readonly isBridge: boolean;
  readonly fingerprint: string | undefined;
  readonly isInsecure: boolean;
  readonly isOnce: boolean;
}

const maxConnections = 32;

/** @throws CliError USAGE, naming the option. `server`: `HOST[:PORT]`, several of one cluster with commas between. */
export function connectSettings(server: string, options: ConnectOptions): ConnectSettings {
  const { password, passwordFile, certificate, key } = options;
  if ((certificate === undefined) !== (key === undefined)) throw usageError('--certificate and --key go together');
  if (password !== undefined && passwordFile !== undefined) {
    throw usageError('give either --password or --password-file');
  }
  if (certificate !== undefined && (password !== undefined || passwordFile !== undefined)) {
    throw usageError('give either a password or a certificate');
  }
  const [first, ...otherServers] = server.split(',').map(parseHostAndPort);
  if (first === undefined) throw usageError('give the server to connect to');
  return {
    server: first,
    otherServers,
    hubName: options.hub,
    userName: options.user,
    password,
    passwordFile,
    hasPlainPassword: options.plainPassword === true,
    identity: certificate === undefined ? undefined : { certificateFile: certificate, keyFile: key! },
    tapName: options.tap,
    address: addressOf(options.address),
    connections: connectionsOf(options.connections),
    isHalfDuplex: options.halfDuplex === true,
    isCompressed: options.compress === true,
    isEncrypted: options.encrypt,
    isBridge: options.bridge === true,
    fingerprint: fingerprintOf(options.fingerprint),
    isInsecure: options.insecure === true,
    isOnce: options.once === true,
  };
}

function addressOf(text: string | undefined): ConnectSettings['address'] {
  if (text === undefined) return { kind: 'none' };
  if (text.toLowerCase() === 'dhcp') return { kind: 'dhcp' };
  const [address = '', length = ''] = text.split('/');
  const bytes = parseIpAddress(address);
  const isGood = bytes !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= bytes.length * 8;
  if (!isGood) throw usageError(`--address takes dhcp, or an address with its prefix length such as 192.168.7.2/24`);
  return { kind: 'fixed', cidr: text };
}

function connectionsOf(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxConnections) throw usageError(`--connections takes a number from 1 to ${maxConnections}`);
  return count;
}

function fingerprintOf(text: string | undefined): string | undefined {
  const fingerprint = text === undefined ? undefined : parseFingerprint(text);
  if (text === undefined || fingerprint !== undefined) return fingerprint;
  throw usageError('--fingerprint takes the SHA-256 of the certificate: 64 hexadecimal digits, with or without colons');
}
