import { createNodeClock, createNodeNameResolver, createNodeNetwork, createNodeRandom } from '#io/node';
import { createClientHome, defaultClientLimits, VpnClient, type ClientEvent, type ClientHome } from '#softether';
import { TestPort } from '../../softether/client/client-rig.ts';

const random = createNodeRandom();

/** A user without a password, at a machine of his own, with a session that keeps the frames it gets. */
export class VpnUser {
  readonly events: ClientEvent[] = [];
  readonly #client: VpnClient;
  readonly #home: ClientHome;
  #port: TestPort | undefined;
  #waiting = Promise.withResolvers<undefined>();

  constructor(server: { readonly host: string; readonly port: number }, hubName: string, userName: string) {
    this.#home = createClientHome({
      clock: createNodeClock(),
      random,
      network: createNodeNetwork(),
      names: createNodeNameResolver(),
      alpn: ['http/1.1'],
      identity: { product: { name: 'Test Client', version: 501, build: 9674 }, uniqueId: random.bytes(20) },
      limits: { ...defaultClientLimits, firstRetryMs: 200, maxRetryMs: 500 },
    });
    this.#client = new VpnClient({
      home: this.#home,
      server,
      account: {
        hubName,
        userName,
        credentials: { kind: 'anonymous' },
        maxConnection: 1,
        useEncrypt: true,
        useCompress: false,
        halfConnection: false,
      },
      openPort: (session) => (this.#port = new TestPort(this.#home, session)),
      observe: (event) => {
        this.events.push(event);
        this.#waiting.resolve(undefined);
        this.#waiting = Promise.withResolvers();
      },
    });
    void this.#client.run();
  }

  /** Resolves with the port of the server that the session is with; rejects with why the first log-in failed. */
  async connected(): Promise<number> {
    for (;;) {
      const last = this.events.findLast(({ kind }) => kind === 'connected' || kind === 'failed');
      if (last?.kind === 'failed') throw new Error(JSON.stringify(last.failure));
      if (last?.kind === 'connected') return this.place;
      await this.#waiting.promise;
    }
  }

  /** How often it has been connected. */
  get sessions(): number {
    return this.events.filter(({ kind }) => kind === 'connected').length;
  }

  /** Port of the last server that it went to. */
  get place(): number {
    const went = this.events.findLast(({ kind }) => kind === 'redirected' || kind === 'connecting');
    return went?.kind === 'redirected' || went?.kind === 'connecting' ? went.to.port : 0;
  }

  /** Sends a frame to everybody. */
  send(text: string): void {
    const frame = Buffer.concat([
      Buffer.alloc(6, 0xff),
      Buffer.from('02aabbccdd01', 'hex'),
      Buffer.from('88b5', 'hex'),
    ]);
    this.#port?.send(Buffer.concat([frame, Buffer.from(text.padEnd(64))]));
  }

  hasHeard(text: string): boolean {
    return this.#port?.frames.some((frame) => frame.includes(Buffer.from(text).toString('hex'))) ?? false;
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }
}
