import { ApiClient, type Login } from './api-client.ts';
import { hostAndPortText, parseHostAndPort, type HostAndPort } from './endpoint.ts';
import { CliError, ExitCode, usageError } from './exit-code.ts';
import { parseFingerprint } from './known-servers.ts';
import type { CliRuntime } from './runtime.ts';
import { ServerTrust } from './server-trust.ts';
import { IoError, type HttpClient, type HttpTarget } from '#io';

/** What a person says of the server and of themselves, on the command line. */
export interface ConnectionOptions {
  /** HOST[:PORT]; undefined = the local server. */
  readonly server?: string | undefined;
  readonly dataDirectory?: string | undefined;
  /** Log in as administrator of this hub only. */
  readonly adminOfHub?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly isInsecure?: boolean | undefined;
}

/** A server to talk to. */
export interface Connection {
  readonly api: ApiClient;
  /** What it is called in messages. */
  readonly serverName: string;
  readonly endpoint: HostAndPort | undefined;
}

const LIMITS = { connectTimeoutMs: 15_000, responseTimeoutMs: 120_000, maxResponseBytes: 256 * 1024 * 1024 };
const MAX_PASSWORD_FILE_BYTES = 4096;
/** Where servers keep their data unless told otherwise: `hubfarm serve`, and the packaged service. */
const DATA_DIRECTORIES = ['./hubfarm-data', '/var/lib/hubfarm'];
const SOCKET = 'admin.sock';

const configDirectory = ({ environment, homeDirectory }: CliRuntime): string =>
  `${environment['XDG_CONFIG_HOME'] || `${homeDirectory}/.config`}/hubfarm`;

export const knownServersPath = (runtime: CliRuntime): string => `${configDirectory(runtime)}/known-servers`;

/** The local server's socket, where one is to be found. */
async function localSocket(runtime: CliRuntime, options: ConnectionOptions): Promise<string | undefined> {
  const named = options.dataDirectory ?? runtime.environment['HUBFARM_DATA_DIR'];
  for (const directory of named === undefined ? DATA_DIRECTORIES : [named]) {
    const path = `${directory}/${SOCKET}`;
    if ((await runtime.files.kindOf(path)) !== 'socket') continue;
    // In a folder that anybody may write to, somebody else could have put a server there to listen in.
    if (named !== undefined || path.startsWith('/') || (await runtime.files.isOurs(path))) return path;
  }
  if (options.dataDirectory === undefined) return undefined;
  const advice = 'is the server running with this --data-dir, and may this user see it?';
  throw new CliError('NO_SOCKET', ExitCode.unreachable, `there is no ${options.dataDirectory}/${SOCKET}: ${advice}`);
}

/** From the option, the file, the environment, or the person; in this order. */
async function findPassword(runtime: CliRuntime, options: ConnectionOptions, serverName: string): Promise<string> {
  if (options.password !== undefined) return options.password;
  if (options.passwordFile !== undefined) {
    const content = await runtime.files.read(options.passwordFile, MAX_PASSWORD_FILE_BYTES);
    return content.toString('utf8').replace(/\r?\n$/, '');
  }
  const fromEnvironment = runtime.environment['HUBFARM_PASSWORD'];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!runtime.terminal.isInteractive) return '';
  const who = options.adminOfHub === undefined ? serverName : `hub ${options.adminOfHub} on ${serverName}`;
  const typed = await runtime.terminal.readSecret(`Administrator password of ${who}: `);
  if (typed === undefined) throw usageError('cancelled');
  return typed;
}

function checkPassword(password: string): string {
  // It travels in a header of HTTP.
  if (/\p{Cc}/u.test(password)) throw usageError('a password cannot contain control characters such as line ends');
  return password;
}

/**
 * Finds the server and logs in: over the local server's socket (no password) unless a server is named, then over HTTPS.
 * Nothing is sent yet. Errors: `CliError`.
 */
export async function openConnection(runtime: CliRuntime, options: ConnectionOptions): Promise<Connection> {
  const socket = options.server === undefined ? await localSocket(runtime, options) : undefined;
  if (socket !== undefined) {
    const http = explaining(runtime.openHttp({ kind: 'unix', path: socket }, LIMITS));
    const login = options.adminOfHub === undefined ? undefined : await hubLogin(runtime, options);
    return { api: new ApiClient(http, login), serverName: 'localhost', endpoint: undefined };
  }
  const endpoint = parseHostAndPort(options.server ?? 'localhost');
  const serverName = hostAndPortText(endpoint);
  const fingerprint = options.fingerprint === undefined ? undefined : parseFingerprint(options.fingerprint);
  if (options.fingerprint !== undefined && fingerprint === undefined) {
    throw usageError(
      '--fingerprint takes the SHA-256 of the certificate: 64 hexadecimal digits, with or without colons',
    );
  }
  const trust = new ServerTrust(runtime.files, runtime.terminal, {
    isInsecure: options.isInsecure === true,
    fingerprint,
    knownServersPath: knownServersPath(runtime),
  });
  const target: HttpTarget = { kind: 'tls', ...endpoint, judge: (server) => trust.judge(endpoint, server) };
  const password = checkPassword(await findPassword(runtime, options, serverName));
  const advice =
    options.server === undefined
      ? `\nNo server's socket was found in ${DATA_DIRECTORIES.join(' or ')}: is it elsewhere (--data-dir), or on another host (--server)?`
      : '';
  const http = explaining(runtime.openHttp(target, LIMITS), advice);
  return { api: new ApiClient(http, { hubName: options.adminOfHub, password }), serverName, endpoint };
}

async function hubLogin(runtime: CliRuntime, options: ConnectionOptions): Promise<Login> {
  const password = checkPassword(await findPassword(runtime, options, 'localhost'));
  return { hubName: options.adminOfHub, password };
}

/** Failures of the connection end the command with their own number. */
function explaining(http: HttpClient, advice = ''): HttpClient {
  return {
    send: async (request) => {
      try {
        return await http.send(request);
      } catch (error) {
        if (error instanceof CliError) throw new CliError(error.code, error.exitCode, error.message + advice);
        if (!(error instanceof IoError)) throw error;
        throw new CliError('UNREACHABLE', ExitCode.unreachable, error.message + advice, { cause: error });
      }
    },
    close: () => http.close(),
  };
}
