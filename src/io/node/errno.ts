import { IoError, type IoErrorCode } from '../errors.ts';

/** The system's own name of an error (`ECONNREFUSED`), or '' where it has none. */
export function errnoOf(error: unknown): string {
  if (error instanceof AggregateError) {
    // Several addresses of one name were tried: the last answer is as good as any.
    return errnoOf(error.errors.at(-1));
  }
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** `…:error:0A0000F5:SSL routines:ssl3_read_bytes:unexpected record:file:line:` */
const OPENSSL_ERROR = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/;

/** The message without what only OpenSSL's own developers can use. */
export function plainReason(error: unknown): string {
  const { message } = asError(error);
  return OPENSSL_ERROR.exec(message)?.[1] ?? message;
}

type Advice = readonly [code: IoErrorCode, text: string];

const listenAdvice: Readonly<Record<string, Advice>> = {
  EADDRINUSE: [
    'ADDRESS_IN_USE',
    'another program uses this port: stop it (`ss -ltnp` names it) or choose another port',
  ],
  EACCES: ['NO_PERMISSION', 'ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it or choose a higher port'],
  EPERM: ['NO_PERMISSION', 'the system does not allow it: grant CAP_NET_BIND_SERVICE or choose a higher port'],
  EADDRNOTAVAIL: ['ADDRESS_NOT_AVAILABLE', 'this machine has no such address: see `ip address`'],
  EAFNOSUPPORT: ['ADDRESS_NOT_AVAILABLE', 'this machine has no such address family (IPv6 switched off?)'],
  EINVAL: ['ADDRESS_NOT_AVAILABLE', 'the address cannot be listened on (a link-local one needs its interface)'],
  ENOTFOUND: ['ADDRESS_NOT_AVAILABLE', 'no such host name: give an address of this machine'],
  EMFILE: ['TOO_MANY_FILES', 'too many open files: raise the limit (`ulimit -n`, LimitNOFILE=)'],
  ENFILE: ['TOO_MANY_FILES', 'too many open files on this machine: raise fs.file-max'],
};

const dialAdvice: Readonly<Record<string, Advice>> = {
  ECONNREFUSED: ['REFUSED', 'the connection was refused: is the server running, and is the port right?'],
  ENOTFOUND: ['UNKNOWN_HOST', 'no such host name'],
  EAI_AGAIN: ['UNKNOWN_HOST', 'the name server does not answer: is this machine online?'],
  EAI_FAIL: ['UNKNOWN_HOST', 'the name server cannot resolve the name'],
  ETIMEDOUT: ['TIMEOUT', 'no answer: a firewall may drop the packets'],
  EHOSTUNREACH: ['UNREACHABLE', 'the host cannot be reached'],
  ENETUNREACH: ['UNREACHABLE', 'there is no route to its network'],
  EADDRNOTAVAIL: ['UNREACHABLE', 'this machine has no address (or no free port) to reach it from'],
  EACCES: ['NO_PERMISSION', 'the system (a firewall rule?) does not allow the connection'],
  EPERM: ['NO_PERMISSION', 'the system (a firewall rule?) does not allow the connection'],
  EMFILE: ['TOO_MANY_FILES', 'too many open files: raise the limit (`ulimit -n`, LimitNOFILE=)'],
  ECONNRESET: ['CONNECTION_LOST', 'the other side dropped the connection'],
  EPIPE: ['CONNECTION_LOST', 'the other side dropped the connection'],
};

const fileAdvice: Readonly<Record<string, Advice>> = {
  ENOENT: ['NOT_FOUND', 'it does not exist'],
  ENOTDIR: ['NOT_A_DIRECTORY', 'a part of the path is not a directory'],
  EISDIR: ['OTHER', 'it is a directory'],
  EEXIST: ['OTHER', 'it exists already'],
  EACCES: ['NO_PERMISSION', 'this user may not: see its owner and mode'],
  EPERM: ['NO_PERMISSION', 'this user may not: see its owner and mode'],
  EROFS: ['READ_ONLY', 'the file system is read-only'],
  ENOSPC: ['DISK_FULL', 'the disk is full: free some space'],
  EDQUOT: ['DISK_FULL', 'the disk quota is used up'],
  EMFILE: ['TOO_MANY_FILES', 'too many open files: raise the limit (`ulimit -n`, LimitNOFILE=)'],
};

function explained(table: Readonly<Record<string, Advice>>, what: string, cause: unknown): IoError {
  if (cause instanceof IoError) return cause;
  const errno = errnoOf(cause);
  const [code, text] = table[errno] ?? ['OTHER', asError(cause).message];
  return new IoError(code, `${what}: ${text}${errno === '' ? '' : ` (${errno})`}`, { cause });
}

export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const listenError = (host: string, port: number, cause: unknown): IoError =>
  explained(listenAdvice, `cannot listen on ${hostAndPort(host, port)}`, cause);

/** The same for UDP. */
export function bindError(host: string, port: number, cause: unknown): IoError {
  if (errnoOf(cause) !== 'EADDRINUSE') return listenError(host, port, cause);
  const why = 'another program uses this UDP port: stop it (`ss -lunp` names it) or choose another port';
  return new IoError('ADDRESS_IN_USE', `cannot listen on ${hostAndPort(host, port)}: ${why} (EADDRINUSE)`, { cause });
}

export const datagramError = (host: string, port: number, cause: unknown): IoError =>
  explained(dialAdvice, `cannot send to ${hostAndPort(host, port)}`, cause);

export const dialError = (host: string, port: number, cause: unknown): IoError =>
  explained(dialAdvice, `cannot connect to ${hostAndPort(host, port)}`, cause);

export const resolveError = (host: string, cause: unknown): IoError =>
  explained(dialAdvice, `cannot find the addresses of ${host}`, cause);

/** `what` such as `cannot write /var/lib/hubfarm/x`. */
export const fileError = (what: string, cause: unknown): IoError => explained(fileAdvice, what, cause);
