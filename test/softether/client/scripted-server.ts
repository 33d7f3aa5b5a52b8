import type { ByteStream } from '#io';
import { encodeHello } from '../../../src/softether/codec/hello.ts';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { encodePackResponse } from '../../../src/softether/codec/http-pack.ts';
import { HttpReader } from '../../../src/softether/codec/http-reader.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeWelcome, type Welcome } from '../../../src/softether/codec/welcome.ts';
import { defaultPolicy } from '#hub';
import type { ClientRig } from './client-rig.ts';

const RANDOM = Buffer.alloc(20, 7);

export const welcome: Welcome = {
  sessionName: 'SID-ALICE-1',
  connectionName: 'CID-1',
  sessionKey: Buffer.alloc(20, 9),
  sessionKey32: 1,
  maxConnection: 1,
  useEncrypt: true,
  useCompress: false,
  halfConnection: false,
  qos: false,
  timeoutMs: 20_000,
  vlanId: 0,
  policy: defaultPolicy,
  message: '',
};

/** One connection to a scripted server. */
export class ScriptedConnection {
  readonly stream: ByteStream;
  /** What the client asked, its last PACK after a Redirect included. */
  readonly packs: Pack[] = [];
  /** Stream bytes after the script took over. */
  readonly received: Buffer[] = [];
  isClosed = false;
  isRaw = false;

  constructor(stream: ByteStream) {
    this.stream = stream;
  }

  answer(pack: Pack): void {
    this.stream.write(encodePackResponse(pack));
  }

  /** The stream follows, as after a Welcome. */
  begin(pack: Pack): void {
    this.answer(pack);
    this.isRaw = true;
    this.keepAlive();
  }

  keepAlive(): void {
    this.stream.write(Buffer.from('ffffffff00000000', 'hex'));
  }
}

/** What a scripted server does. Without `hello` it greets, without `ask` it says Welcome. */
export interface Script {
  readonly connected?: (connection: ScriptedConnection) => void;
  readonly hello?: (connection: ScriptedConnection) => void;
  readonly ask?: (pack: Pack, connection: ScriptedConnection) => void;
}

/** A server that does what a test tells it. */
export class ScriptedServer {
  readonly connections: ScriptedConnection[] = [];
  script: Script;
  close: () => Promise<void> = () => Promise.resolve();

  private constructor(script: Script) {
    this.script = script;
  }

  static async listen(rig: ClientRig, address: string, script: Script = {}, port = 443): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    const listener = await rig.listen(address, port, { connected: (stream) => server.#accept(stream) });
    server.close = () => listener.close();
    return server;
  }

  get last(): ScriptedConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has connected');
    return connection;
  }

  #accept(stream: ByteStream): void {
    const connection = new ScriptedConnection(stream);
    this.connections.push(connection);
    const reader = new HttpReader(defaultHttpLimits);
    let isGreeted = false;
    this.script.connected?.(connection);
    stream.receive({
      data: (chunk) => {
        if (connection.isRaw) {
          connection.received.push(Buffer.from(chunk));
          return;
        }
        reader.push(chunk);
        for (let message = reader.take(65_536); message !== undefined; message = reader.take(65_536)) {
          if (isGreeted) this.#asked(Pack.decode(message.body, preAuthPackLimits), connection);
          else if (this.script.hello === undefined) greet(connection);
          else this.script.hello(connection);
          isGreeted = true;
        }
        const rest = reader.unread();
        if (rest.length > 0) connection.received.push(rest);
      },
      closed: () => (connection.isClosed = true),
    });
  }

  #asked(pack: Pack, connection: ScriptedConnection): void {
    connection.packs.push(pack);
    if (this.script.ask !== undefined) this.script.ask(pack, connection);
    else if (pack.str('method') === 'login') connection.begin(encodeWelcome(welcome));
  }
}

export function greet(connection: ScriptedConnection): void {
  connection.answer(encodeHello({ product: 'Scripted', version: 501, build: 1, random: RANDOM }));
}
