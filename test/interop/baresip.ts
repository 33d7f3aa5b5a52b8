import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './namespaces.ts';
import type { RunningProcess } from './process.ts';
import type { SipUser } from './sipp.ts';
import { toneSeconds, writeTone } from './tone.ts';

const modules = ['g711.so', 'aufile.so', 'sndfile.so', 'srtp.so'];

export interface BaresipOptions {
  /** `sip:10.77.0.1:5060`, `sip:10.77.0.1:5060;transport=tcp` */
  readonly server: string;
  readonly user: SipUser;
  /** What it says into the call. */
  readonly toneHz: number;
  /** It speaks IPv6, and nothing else. */
  readonly isIpv6?: boolean;
  /** A file of PEM certificates to trust, for TLS. */
  readonly authorities?: string;
  /** Further parameters of its account: `sipnat=outbound`. */
  readonly parameters?: readonly string[];
  /** Further modules: `mwi.so`. */
  readonly modules?: readonly string[];
  /** Lines of its address book: `"Ben" <sip:ben@farm.test>;presence=p2p`. */
  readonly contacts?: readonly string[];
}

/** A real telephone: Debian's baresip. It answers every call, plays a tone, and keeps what it hears. */
export class Baresip {
  readonly host: Host;
  readonly #options: BaresipOptions;
  readonly #folder: string;
  readonly #heard: string;
  #process: RunningProcess | undefined;

  constructor(host: Host, options: BaresipOptions) {
    this.host = host;
    this.#options = options;
    this.#folder = join(host.folder, 'baresip');
    this.#heard = join(this.#folder, 'heard');
  }

  /** Starts it and waits until it is registered; `dial` = an address that it calls then. */
  async start(dial?: string): Promise<void> {
    const { server, user, authorities, isIpv6 = false } = this.#options;
    mkdirSync(this.#heard, { recursive: true });
    const tone = join(this.#folder, 'tone.wav');
    writeTone(tone, this.#options.toneHz, 60);
    const { contacts = [], modules: others = [] } = this.#options;
    writeFileSync(join(this.#folder, 'contacts'), contacts.map((line) => `${line}\n`).join(''));
    writeFileSync(
      join(this.#folder, 'accounts'),
      `${[account(user, server), ...(this.#options.parameters ?? [])].join(';')}\n`,
    );
    const trust = authorities === undefined ? [] : [`sip_cafile ${authorities}`];
    writeFileSync(
      join(this.#folder, 'config'),
      [
        ...settings(this.#folder, tone, this.#heard),
        ...others.map((name) => `module_app ${name}`),
        ...(isIpv6 ? [] : ['sip_listen 0.0.0.0:5060']),
        ...trust,
        '',
      ].join('\n'),
    );
    const call = dial === undefined ? [] : ['-e', `d ${dial}`];
    this.#process = this.host.start('baresip', ['-f', this.#folder, '-s', ...(isIpv6 ? ['-6'] : []), ...call], {
      HOME: this.host.folder,
    });
    await this.#process.says(/200 OK \(.*\[\d+ binding/, 30_000);
  }

  async answered(): Promise<void> {
    await this.#running().says(/Call (established|answered)|audio: start|Set audio encoder/, 30_000);
  }

  /** Ends at once, and tells nobody. */
  async vanish(): Promise<void> {
    await this.#running().kill();
  }

  async says(pattern: RegExp): Promise<void> {
    await this.#running().says(pattern, 30_000);
  }

  async callEnded(): Promise<void> {
    await this.#running().says(/session closed|terminate(d)?/i, 30_000);
  }

  get output(): string {
    return this.#running().output;
  }

  /** Of a tone in what it heard; complete after `stop`. */
  heardSeconds(frequencyHz: number): number {
    const files = readdirSync(this.#heard).filter((name) => name.endsWith('-dec.wav'));
    return Math.max(0, ...files.map((name) => toneSeconds(join(this.#heard, name), frequencyHz)));
  }

  /** SIGTERM: it hangs up and takes its registration back. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.hasEnded) return;
    await process.stop(15_000);
  }

  #running(): RunningProcess {
    if (this.#process === undefined) throw new Error('baresip has not been started');
    return this.#process;
  }
}

function account(user: SipUser, server: string): string {
  const parameters = [
    `auth_user=${user.name}`,
    `auth_pass=${user.password}`,
    `outbound="${server}"`,
    'answermode=auto',
    'regint=600',
    'audio_codecs=PCMU/8000',
  ];
  return `<sip:${user.name}@${user.domain}>;${parameters.join(';')}`;
}

function settings(folder: string, tone: string, heard: string): string[] {
  return [
    'poll_method epoll',
    'net_interface eth0',
    `audio_player aufile,${join(folder, 'player.wav')}`,
    `audio_source aufile,${tone}`,
    `audio_alert aufile,${join(folder, 'alert.wav')}`,
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    'module_path /usr/lib/baresip/modules',
    ...modules.map((name) => `module ${name}`),
    'module_tmp uuid.so',
    'module_tmp account.so',
    'module_app menu.so',
    `snd_path ${heard}`,
  ];
}
