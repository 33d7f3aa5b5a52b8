import { IoError, type ByteStream, type IoErrorCode, type TlsInfo } from '#io';
import { protocolFailure, unreachable, untrusted, type Result, success } from './failure.ts';
import type { ClientHome } from './home.ts';

/** Where to connect to, and what to expect there. */
export interface Destination {
  /** What is dialled: mostly an address. */
  readonly address: string;
  readonly port: number;
  /** What people call the server: for SNI, the Host line, the certificate and messages. */
  readonly name: string;
  /** DER. The server must show this one; undefined = it is for the judge to say. */
  readonly certificate: Buffer | undefined;
}

/** Looks at a server's certificate before anything is sent. Undefined = to be believed; else why not, for people. */
export type ServerJudge = (server: {
  readonly name: string;
  readonly port: number;
  readonly tls: TlsInfo;
}) => Promise<string | undefined>;

export interface ReachOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly mayDropEncryption: boolean;
  /** Undefined: whoever answers is believed. Not asked where the certificate is known. */
  readonly judge: ServerJudge | undefined;
}

export const destinationText = ({ name, address, port }: Destination): string => {
  const host = name.includes(':') ? `[${name}]` : name;
  return name === address ? `${host}:${port}` : `${host}:${port} (${address})`;
};

/** A TLS connection to a server that is the right one. */
export async function reach(home: ClientHome, to: Destination, options: ReachOptions): Promise<Result<ByteStream>> {
  const dialled = await dial(home, to, options);
  if (dialled instanceof IoError) return unreachable(dialled.message);
  const doubt = await doubtAbout(dialled, to, options.judge);
  if (doubt !== undefined) {
    dialled.close();
    return doubt;
  }
  if (!options.signal.aborted) return success(dialled);
  dialled.close();
  return unreachable(`connection to ${destinationText(to)} given up`);
}

async function dial(home: ClientHome, to: Destination, options: ReachOptions): Promise<ByteStream | IoError> {
  const { unacknowledgedTimeoutMs, notSentLowWaterBytes } = home.limits;
  const { timeoutMs, signal, mayDropEncryption, judge } = options;
  try {
    return await home.network.dial({
      host: to.address,
      port: to.port,
      serverName: to.name,
      timeoutMs,
      signal,
      tls: true,
      mayDropEncryption,
      alpn: home.alpn,
      verify: judge !== undefined && to.certificate === undefined,
      ...(unacknowledgedTimeoutMs > 0 ? { unacknowledgedTimeoutMs } : {}),
      ...(notSentLowWaterBytes > 0 ? { notSentLowWaterBytes } : {}),
    });
  } catch (error) {
    if (error instanceof IoError) return error;
    throw error;
  }
}

async function doubtAbout(
  { tls }: ByteStream,
  to: Destination,
  judge: ServerJudge | undefined,
): Promise<Result<never> | undefined> {
  if (tls === undefined) return protocolFailure(`${destinationText(to)} is reached without TLS`);
  if (to.certificate !== undefined) {
    if (tls.peerCertificate?.equals(to.certificate) === true) return undefined;
    // Another member, or the same one with its new certificate, may be named next time.
    return untrusted(`${destinationText(to)} shows another certificate than the one it was announced with`, true);
  }
  const why = await judge?.({ name: to.name, port: to.port, tls });
  return why === undefined ? undefined : untrusted(why);
}

/** Nothing answered at all: no other answer says as much about a server's health. */
const silence: readonly IoErrorCode[] = ['TIMEOUT', 'UNREACHABLE'];

/** Opens a connection only to see whether anything answers there. */
export async function answersDial(
  home: ClientHome,
  to: Destination,
  options: ReachOptions,
): Promise<ByteStream | boolean> {
  const dialled = await dial(home, to, options);
  if (dialled instanceof IoError) return !silence.includes(dialled.code);
  return dialled;
}
