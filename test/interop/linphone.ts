import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './command.ts';
import type { Host } from './namespaces.ts';
import type { SipUser } from './sipp.ts';
import { toneSeconds, writeTone } from './tone.ts';

export interface LinphoneOptions {
  /** `10.77.0.1:5060`, `10.77.0.1:5060;transport=tcp` */
  readonly server: string;
  readonly user: SipUser;
  /** What it says into the call. */
  readonly toneHz: number;
  readonly answersByItself?: boolean;
  /** By TLS: a file of PEM certificates to trust. Absent: whatever the server shows is good enough. */
  readonly authorities?: string;
  /** `sips` writes the addresses of its server as sips: URIs. */
  readonly scheme?: 'sip' | 'sips';
  /** It tells the server of its state (PUBLISH). */
  readonly publishes?: boolean;
}

/** A real telephone: the linphonec of Debian's linphone-cli, with sound files instead of a sound card. */
export class Linphone {
  readonly host: Host;
  readonly #options: LinphoneOptions;
  readonly #heard: string;
  #child: ChildProcessWithoutNullStreams | undefined;
  #output = '';

  constructor(host: Host, options: LinphoneOptions) {
    this.host = host;
    this.#options = options;
    this.#heard = join(host.folder, 'linphone-heard.wav');
  }

  get output(): string {
    return this.#output;
  }

  /** Starts it and waits until it is registered. */
  async start(): Promise<void> {
    const { host } = this;
    // Without a default route it takes the network for down; without this folder it does not start its transports.
    await host.mustRun('ip', ['route', 'replace', 'default', 'dev', 'eth0']);
    mkdirSync(join(host.folder, '.local/share/linphone'), { recursive: true });
    const configuration = join(host.folder, 'linphonerc');
    writeFileSync(configuration, this.#configuration());
    const tone = join(host.folder, 'linphone-tone.wav');
    writeTone(tone, this.#options.toneHz, 60);
    const automatic = this.#options.answersByItself === true ? ['-a'] : [];
    const args = ['netns', 'exec', host.namespace, 'linphonec', '-c', configuration, '-d', '0', ...automatic];
    const child = spawn('ip', args, { stdio: 'pipe', env: { ...process.env, HOME: host.folder } });
    const keep = (chunk: Buffer): void => void (this.#output = (this.#output + chunk.toString()).slice(-64 * 1024));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    // it may be gone when we still say something
    child.stdin.on('error', () => undefined);
    this.#child = child;
    await this.#registered();
    this.say('soundcard use files');
    this.say(`play ${tone}`);
    this.say(`record ${this.#heard}`);
  }

  /** A command of its shell. */
  say(words: string): void {
    this.#child?.stdin.write(`${words}\n`);
  }

  async says(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    await until(
      `${String(pattern)} from linphonec`,
      timeoutMs,
      () => pattern.test(this.#output),
      () => `It said: ${this.#output}`,
    );
  }

  async call(address: string): Promise<void> {
    this.say(`call ${address}`);
    await this.says(/Call \d+ with .* connected/);
  }

  async hangUp(): Promise<void> {
    this.say('terminate');
    await this.says(/Call \d+ with .* ended/);
  }

  /** Of a tone in what it heard. */
  heardSeconds(frequencyHz: number): number {
    return toneSeconds(this.#heard, frequencyHz);
  }

  /** Ends at once, and tells nobody. */
  vanish(): void {
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.say('quit');
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    try {
      await until('the end of linphonec', 15_000, hasEnded);
    } catch {
      child.kill('SIGKILL');
    }
  }

  async #registered(): Promise<void> {
    const ask = (): boolean => {
      if (/registered, identity=/.test(this.#output)) return true;
      this.say('status register');
      return false;
    };
    await until('a registration of linphonec', 40_000, ask, () => `It said: ${this.#output}`);
  }

  #configuration(): string {
    const { server, user, authorities, scheme = 'sip' } = this.#options;
    const trust = authorities === undefined ? '' : `root_ca=${authorities}\n`;
    const verifies = authorities === undefined ? 0 : 1;
    return `[sip]
sip_port=5060
use_ipv6=0
default_proxy=0
${trust}verify_server_certs=${verifies}
verify_server_cn=${verifies}
[proxy_0]
reg_proxy=<${scheme}:${server}>
reg_route=<${scheme}:${server};lr>
reg_identity=sip:${user.name}@${user.domain}
reg_expires=600
reg_sendregister=1
publish=${this.#options.publishes === true ? 1 : 0}
[auth_info_0]
username=${user.name}
passwd=${user.password}
realm=${user.domain}
[video]
enabled=0
[sound]
echocancellation=0
`;
  }
}
