import { until } from './command.ts';
import type { Host } from './namespaces.ts';
import { mustVpncmd, SoftEtherDaemon, vpncmdRows } from './softether.ts';

export interface Account {
  readonly name: string;
  /** `10.77.0.1:443`; `10.77.0.1/tcp:443` makes the client skip its probes. */
  readonly server: string;
  readonly hub: string;
  readonly user: string;
  /** Neither password nor certificate = anonymous. */
  readonly password?: string;
  /** Plain password, as RADIUS and NT domain log-ins send it. */
  readonly hasPlainPassword?: boolean;
  /** PEM files on this machine. */
  readonly certificate?: { readonly certificateFile: string; readonly keyFile: string };
  /** 1..32, 1 unless given. */
  readonly maxTcp?: number;
  readonly isHalfDuplex?: boolean;
  readonly isCompressed?: boolean;
  readonly isUnencrypted?: boolean;
  readonly isBridge?: boolean;
  readonly isMonitor?: boolean;
  /** The vpncmd defaults that we turn off unless told otherwise: a second TCP connection for QoS, UDP acceleration. */
  readonly hasQos?: boolean;
  readonly hasUdpAcceleration?: boolean;
  /** Seconds between attempts, at least 5, which is what we set unless given; SoftEther's default is 15. */
  readonly retrySeconds?: number;
}

const target = ['localhost', '/CLIENT'];
const yesNo = (value: boolean | undefined): string => (value === true ? 'yes' : 'no');

/** A real SoftEther VPN Client with one virtual network adapter. */
export class VpnClient {
  readonly host: Host;
  readonly daemon: SoftEtherDaemon;
  /** The adapter as the kernel knows it. */
  readonly device = 'vpn_vpn1';

  constructor(host: Host) {
    this.host = host;
    this.daemon = new SoftEtherDaemon('vpnclient', host);
  }

  /** Starts the daemon; the first time it also makes the adapter. */
  async start(): Promise<void> {
    await this.daemon.start();
    await this.host.listens(9931);
    const nics = await vpncmdRows(this.host, target, ['NicList']);
    if (!nics.some((row) => row.includes('vpn1'))) await this.command('NicCreate', 'vpn1');
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
  }

  command(...words: string[]): Promise<string> {
    return mustVpncmd(this.host, target, words);
  }

  /** Makes the account with every setting fixed, so that the peer's defaults do not decide what a test shows. */
  async createAccount(account: Account): Promise<void> {
    const { name, server, hub, user } = account;
    await this.command('AccountCreate', name, `/SERVER:${server}`, `/HUB:${hub}`, `/USERNAME:${user}`, '/NICNAME:vpn1');
    await this.#setCredentials(account);
    await this.command(
      ...['AccountDetailSet', name, `/MAXTCP:${account.maxTcp ?? 1}`, '/INTERVAL:1', '/TTL:0'],
      ...[`/HALF:${yesNo(account.isHalfDuplex)}`, `/BRIDGE:${yesNo(account.isBridge)}`],
      ...[`/MONITOR:${yesNo(account.isMonitor)}`, '/NOTRACK:yes', `/NOQOS:${yesNo(account.hasQos !== true)}`],
      `/DISABLEUDP:${yesNo(account.hasUdpAcceleration !== true)}`,
    );
    await this.command('AccountRetrySet', name, '/NUM:999', `/INTERVAL:${account.retrySeconds ?? 5}`);
    await this.command(account.isCompressed === true ? 'AccountCompressEnable' : 'AccountCompressDisable', name);
    await this.command(account.isUnencrypted === true ? 'AccountEncryptDisable' : 'AccountEncryptEnable', name);
  }

  async #setCredentials({ name, password, hasPlainPassword, certificate }: Account): Promise<void> {
    if (certificate !== undefined) {
      const files = [`/LOADCERT:${certificate.certificateFile}`, `/LOADKEY:${certificate.keyFile}`];
      await this.command('AccountCertSet', name, ...files);
    } else if (password !== undefined) {
      const type = hasPlainPassword === true ? 'radius' : 'standard';
      await this.command('AccountPasswordSet', name, `/PASSWORD:${password}`, `/TYPE:${type}`);
    } else {
      await this.command('AccountAnonymousSet', name);
    }
  }

  connect(name: string): Promise<string> {
    return this.command('AccountConnect', name);
  }

  disconnect(name: string): Promise<string> {
    return this.command('AccountDisconnect', name);
  }

  /** The rows of AccountStatusGet; empty while the account is not connecting. */
  async status(name: string): Promise<ReadonlyMap<string, string>> {
    try {
      const rows = await vpncmdRows(this.host, target, ['AccountStatusGet', name]);
      return new Map(rows.map(([item = '', value = '']) => [item, value]));
    } catch {
      return new Map();
    }
  }

  /** `Connection Completed (Session Established)`, `Retrying`, …; empty while the account is not connecting. */
  async sessionStatus(name: string): Promise<string> {
    return (await this.status(name)).get('Session Status') ?? '';
  }

  async isConnected(name: string): Promise<boolean> {
    return (await this.sessionStatus(name)).includes('Connection Completed');
  }

  /** Connects, and waits until the session is there. Returns its status. */
  async mustConnect(name: string, timeoutMs = 60_000): Promise<ReadonlyMap<string, string>> {
    await this.connect(name);
    return await this.waitConnected(name, timeoutMs);
  }

  async waitConnected(name: string, timeoutMs = 60_000): Promise<ReadonlyMap<string, string>> {
    const what = `${name} of ${this.host.namespace} to be connected`;
    await until(
      what,
      timeoutMs,
      () => this.isConnected(name),
      () => this.#explain(name),
    );
    return await this.status(name);
  }

  async waitNotConnected(name: string, timeoutMs = 60_000): Promise<void> {
    await until(`${name} to lose its session`, timeoutMs, async () => !(await this.isConnected(name)));
  }

  /** Everything in the client's own log, which names error codes. */
  log(): string {
    return this.daemon.log();
  }

  async waitLogged(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const what = `${String(pattern)} in the client's log`;
    await until(
      what,
      timeoutMs,
      () => pattern.test(this.log()),
      () => `It says: ${this.log()}`,
    );
  }

  async #explain(name: string): Promise<string> {
    const status = await this.status(name);
    return `The client says: ${JSON.stringify([...status])}. ${await this.command('AccountList')}`;
  }
}
