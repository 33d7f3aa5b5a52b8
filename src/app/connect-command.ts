import {
  knownServersPath,
  CliError,
  ExitCode,
  ServerTrust,
  type CliProgram,
  type CommandRegistration,
} from '#admin/cli';
import type { NodeIo } from '#io/node';
import {
  createClientHome,
  defaultClientLimits,
  ErrorCode,
  VpnClient,
  type ClientAccount,
  type ClientEnd,
  type ClientEvent,
  type ClientHome,
  type Credentials,
  type ServerJudge,
} from '#softether';
import { findCredentials } from './connect/credentials.ts';
import { connectSettings, type ConnectOptions, type ConnectSettings } from './connect/settings.ts';
import { statusLine } from './connect/status-line.ts';
import { VirtualAdapter } from './connect/virtual-adapter.ts';
import { protocolVersion } from './server-facts.ts';

/** The part of the outside world that `connect` touches. */
export type ConnectIo = Pick<NodeIo, 'clock' | 'random' | 'network' | 'names' | 'machine' | 'ethernet'>;

/** What `connect` needs of the process besides the command line's own runtime. bin supplies it. */
export interface ConnectRuntime {
  readonly createIo: () => ConnectIo;
  /** Resolves with the name of the signal that asks to stop. */
  readonly stopSignal: () => Promise<string>;
}

const clientProduct = { name: 'hubfarm VPN Client', ...protocolVersion };
const uniqueIdBytes = 20;
/** What we speak first; a server that looks at it knows that this is no stock client. */
const alpn = ['http/1.1'];

/** `hubfarm connect`: this machine as a client of a Virtual Hub, through a TAP, until a signal ends it. */
export const connectCommand =
  (runtime: ConnectRuntime): CommandRegistration =>
  (program, cli) => {
    program
      .command('connect')
      .description('connect this machine to a Virtual Hub of any SoftEther-compatible server')
      .argument('<host[:port][,…]>', 'the server; of a cluster, several that know their controller')
      .requiredOption('--hub <name>', 'Virtual Hub')
      .requiredOption('--user <name>', 'user of that hub')
      .option('--password <password>', 'seen by others on this machine: better --password-file, or none to be asked')
      .option('--password-file <file>', 'file with the password in its first line')
      .option('--plain-password', 'send the password itself, as servers that ask RADIUS or a domain need it')
      .option('--certificate <file>', 'log in with this certificate (PEM or DER)')
      .option('--key <file>', 'and its private key (RSA)')
      .option('--tap <name>', 'name of the network interface (hubfarm0, or the next free one)')
      .option('--address <cidr|dhcp>', 'its address, such as 192.168.7.2/24, or dhcp (none)')
      .option('--connections <n>', 'TCP connections to carry the session', '1')
      .option('--half-duplex', 'each of them carries frames one way')
      .option('--compress', 'compress frames')
      .option('--no-encrypt', 'frames in clear after the log-in')
      .option('--bridge', 'many stations behind this one: ask to be let through')
      .option('--fingerprint <sha256>', 'the certificate of the server')
      .option('--insecure', 'believe any server')
      .option('--once', 'end when the connection fails or is lost, instead of trying again')
      .action(async (server: string, options: ConnectOptions) => {
        const settings = connectSettings(server, options);
        const stop = runtime.stopSignal();
        const credentials = await findCredentials(settings, cli);
        cli.exit(await connect(runtime.createIo(), cli, settings, credentials, stop));
      });
  };

/** Gives the exit code. */
async function connect(
  io: ConnectIo,
  cli: CliProgram,
  settings: ConnectSettings,
  credentials: Credentials,
  stop: Promise<string>,
): Promise<number> {
  const home = clientHome(io);
  const ended = Promise.withResolvers<number>();
  let prefix = '';
  const say = (line: string): void => cli.terminal.write(`${prefix}${line}\n`);
  const adapter = await VirtualAdapter.open({
    io,
    home,
    settings,
    say,
    gone: (error) => {
      cli.terminal.writeError(`hubfarm: ${error.message}\n`);
      ended.resolve(ExitCode.refused);
    },
  });
  prefix = `${adapter.name}: `;
  let wasConnected = false;
  const client = new VpnClient({
    home,
    server: settings.server,
    otherServers: settings.otherServers,
    account: accountOf(settings, credentials),
    openPort: adapter.openPort,
    ...(settings.isInsecure ? {} : { judge: judgeBy(cli, settings) }),
    // A certificate that nobody can vouch for at the very first connection is for the person to look at.
    goesOn: (end) => !settings.isOnce && (wasConnected || end.kind !== 'failed' || end.failure.kind !== 'untrusted'),
    observe: (event) => {
      wasConnected ||= event.kind === 'connected';
      followSession(adapter, event);
      const line = statusLine(event);
      if (line !== undefined) say(line);
    },
  });
  try {
    client.run().then((end) => ended.resolve(exitCodeOf(end)), ended.reject);
    void stop.then((signal) => {
      say(`${signal}: disconnecting`);
      ended.resolve(ExitCode.ok);
    });
    return await ended.promise;
  } finally {
    adapter.leave();
    await client.stop();
    adapter.close();
  }
}

function clientHome(io: ConnectIo): ClientHome {
  const { clock, random, network, names, machine } = io;
  const { systemName, productName, version } = machine.os;
  return createClientHome({
    clock,
    random,
    network,
    names,
    alpn,
    limits: defaultClientLimits,
    identity: {
      product: clientProduct,
      uniqueId: random.bytes(uniqueIdBytes),
      machine: { hostName: machine.hostName, osName: systemName, osVersion: `${productName} ${version}` },
    },
  });
}

const accountOf = (settings: ConnectSettings, credentials: Credentials): ClientAccount => ({
  hubName: settings.hubName,
  userName: settings.userName,
  credentials,
  maxConnection: settings.connections,
  useEncrypt: settings.isEncrypted,
  useCompress: settings.isCompressed,
  halfConnection: settings.isHalfDuplex,
  requireBridgeRoutingMode: settings.isBridge,
});

function judgeBy(cli: CliProgram, settings: ConnectSettings): ServerJudge {
  const { fingerprint, isInsecure } = settings;
  const trust = new ServerTrust(cli.files, cli.terminal, {
    isInsecure,
    fingerprint,
    knownServersPath: knownServersPath(cli),
  });
  return async ({ name, port, tls }) => {
    if (tls.server === undefined) return `the certificate of ${name}:${port} could not be looked at`;
    try {
      await trust.judge({ host: name, port }, tls.server);
      return undefined;
    } catch (error) {
      if (error instanceof CliError) return error.message;
      throw error;
    }
  };
}

function followSession(adapter: VirtualAdapter, event: ClientEvent): void {
  if (event.kind === 'connected') adapter.online();
  else if (event.kind === 'lost' || event.kind === 'failed') adapter.offline();
}

function exitCodeOf(end: ClientEnd): number {
  if (end.kind === 'stopped') return ExitCode.ok;
  if (end.kind === 'lost') return ExitCode.unreachable;
  const { kind, code } = end.failure;
  if (kind !== 'refused') return ExitCode.unreachable;
  return code === ErrorCode.AUTH_FAILED || code === ErrorCode.ACCESS_DENIED
    ? ExitCode.unauthenticated
    : ExitCode.refused;
}
