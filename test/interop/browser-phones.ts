import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'rolldown';
import type { Host } from './namespaces.ts';
import type { SipUser } from './sipp.ts';

const entry = resolve(import.meta.dirname, '../../node_modules/jssip/lib/JsSIP.js');
/** Not a place: what the page loads is given to it by hand. HTTPS, because only such pages may use a microphone. */
const pageUrl = 'https://telephones.test/';
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--ignore-certificate-errors',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks',
];

export interface HeardInBrowser {
  readonly packets: number;
  readonly hasSound: boolean;
}

/** Telephones in a real browser: JsSIP, in one page of a headless Chromium on a host of its own. */
export class BrowserPhones {
  readonly #host: Host;
  #browser: Browser | undefined;
  #page: Page | undefined;
  #said = '';

  constructor(host: Host) {
    this.#host = host;
  }

  async start(): Promise<void> {
    const program = join(this.#host.folder, 'chromium');
    writeFileSync(program, `#!/bin/sh\nexec ip netns exec ${this.#host.namespace} /usr/bin/chromium "$@"\n`);
    chmodSync(program, 0o755);
    this.#browser = await chromium.launch({ executablePath: program, args: flags });
    const page = await this.#browser.newPage({ ignoreHTTPSErrors: true });
    page.on('console', (message) => (this.#said += `${message.text()}\n`));
    const html = '<!doctype html><title>telephones</title>';
    await page.route(`${pageUrl}**`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(pageUrl);
    await page.addScriptTag({ content: await bundle() });
    await page.addScriptTag({ content: inPage });
    this.#page = page;
  }

  /** Registers `user` over a (secure) WebSocket; resolves when that is done. */
  register(user: SipUser, socketUrl: string): Promise<void> {
    return this.#call('register', user.name, user.domain, user.password, socketUrl);
  }

  /** `from` calls `address`; resolves when it is answered. Telephones of the page answer by themselves. */
  call(from: SipUser, address: string): Promise<void> {
    return this.#call('call', from.name, address);
  }

  /** What a telephone in a call has received so far. */
  heard(by: SipUser): Promise<HeardInBrowser> {
    return this.#call('heard', by.name);
  }

  /** Resolves when both ends know. */
  hangUp(user: SipUser): Promise<void> {
    return this.#call('hangUp', user.name);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
  }

  async #call<T>(name: string, ...args: readonly string[]): Promise<T> {
    if (this.#page === undefined) throw new Error('the browser has not been started');
    const script = `telephones.${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
    try {
      return await this.#page.evaluate<T>(script);
    } catch (error) {
      throw new Error(`${String(error)}\nThe browser said: ${this.#said.slice(-3000)}`, { cause: error });
    }
  }
}

async function bundle(): Promise<string> {
  const { output } = await build({
    input: entry,
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    output: { format: 'iife', name: 'JsSIP' },
  });
  return output[0].code;
}

/** Runs in the page. */
const inPage = `
const phones = new Map();
const within = (what, ms, begin) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error('waited ' + ms + ' ms for ' + what)), ms);
  begin(done, (why) => fail(new Error(what + ': ' + why)));
});
window.telephones = {
  register: (name, domain, password, url) => within('the registration of ' + name, 20000, (done, fail) => {
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(url)], uri: 'sip:' + name + '@' + domain, password, register_expires: 300,
    });
    const phone = { ua, session: undefined };
    phones.set(name, phone);
    ua.on('registered', () => done());
    ua.on('registrationFailed', ({ cause }) => fail(cause));
    ua.on('newRTCSession', ({ session, originator }) => {
      phone.session = session;
      phone.ended = new Promise((over) => { session.on('ended', over); session.on('failed', over); });
      const play = (connection) => connection.addEventListener('track', ({ track }) => {
        const audio = new Audio();
        audio.srcObject = new MediaStream([track]);
        void audio.play();
      });
      if (session.connection) play(session.connection);
      else session.on('peerconnection', ({ peerconnection }) => play(peerconnection));
      if (originator === 'remote') session.answer({ mediaConstraints: { audio: true, video: false } });
    });
    ua.start();
  }),
  call: (name, address) => within('an answer from ' + address, 20000, (done, fail) => {
    phones.get(name).ua.call(address, {
      mediaConstraints: { audio: true, video: false },
      eventHandlers: { confirmed: () => done(), failed: ({ cause }) => fail(cause) },
    });
  }),
  heard: async (name) => {
    const stats = await phones.get(name).session.connection.getStats();
    const inbound = [...stats.values()].find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
    return { packets: inbound?.packetsReceived ?? 0, hasSound: (inbound?.totalAudioEnergy ?? 0) > 0 };
  },
  hangUp: async (name) => {
    const all = [...phones.values()].filter(({ session }) => session !== undefined);
    phones.get(name).session.terminate();
    await within('the end of the call', 10000, (done) => Promise.all(all.map(({ ended }) => ended)).then(() => done()));
  },
};
`;
