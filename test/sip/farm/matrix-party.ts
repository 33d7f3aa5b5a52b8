import type { ByteStream, Datagram } from '#io';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { StreamFramer } from '../../../src/sip/message/stream-framer.ts';
import { wordOf } from '../transaction/wire.ts';
import { farmRequest, type RequestParts } from './farm-phone.ts';
import { VIP, type Member } from './farm-member.ts';
import type { FarmWorld } from './farm-world.ts';

/** A telephone whose every message is sent by the test, to the member that the test says. */
export class MatrixParty {
  readonly world: FarmWorld;
  readonly address: string;
  readonly transport: 'udp' | 'tcp';
  readonly heard: SipMessage[] = [];
  readonly #streams = new Map<Member, ByteStream>();
  #socket: Datagram | undefined;

  constructor(world: FarmWorld, address: string, transport: 'udp' | 'tcp') {
    this.world = world;
    this.address = address;
    this.transport = transport;
  }

  /** Over TCP it has a connection to each member, and takes others. */
  async open(): Promise<this> {
    if (this.transport === 'udp') {
      this.#socket = await this.world.network.machine(this.address).bind({ host: this.address, port: 5060 });
      this.#socket.receive({ received: (bytes) => this.#hear(bytes) });
      return this;
    }
    const machine = this.world.streams.machine(this.address);
    await machine.listenTcp({
      host: this.address,
      port: 5060,
      reusePort: false,
      admit: () => true,
      troubled: () => undefined,
      connected: (stream) => this.#attach(stream),
    });
    for (const member of this.world.members) {
      const dialling = machine.dial({ host: member.address, port: 5060, tls: false, timeoutMs: 1000 });
      await this.world.pass(50);
      this.#streams.set(member, this.#attach(await dialling));
    }
    return this;
  }

  /** The message arrives at that member; and what comes of it happens. */
  async put(text: string, at: Member): Promise<void> {
    this.world.aim = at;
    if (this.#socket === undefined) this.#streams.get(at)?.write(Buffer.from(text, 'latin1'));
    else this.#socket.send(Buffer.from(text, 'latin1'), VIP, 5060);
    await this.world.pass(30);
  }

  /** Its text, to be sent again. */
  async send(parts: Omit<RequestParts, 'address' | 'transport'>, at: Member): Promise<string> {
    const text = farmRequest({ ...parts, address: this.address, transport: this.transport.toUpperCase() });
    await this.put(text, at);
    return text;
  }

  async answer(request: SipMessage, status: number, at: Member): Promise<void> {
    const to = request.value(HeaderId.To) ?? '';
    const hasTag = request.to().tag !== undefined || status === 100;
    const text = [
      `SIP/2.0 ${status} Reason`,
      ...request.values(HeaderId.Via).map((via) => `Via: ${via}`),
      ...request.values(HeaderId.RecordRoute).map((route) => `Record-Route: ${route}`),
      `From: ${request.value(HeaderId.From) ?? ''}`,
      `To: ${to}${hasTag ? '' : ';tag=b'}`,
      `Call-ID: ${request.callId()}`,
      `CSeq: ${request.cseq().number} ${request.method}`,
      `Contact: <${this.contact}>`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    await this.put(text, at);
  }

  get contact(): string {
    return `sip:x@${this.address}:5060${this.transport === 'udp' ? '' : ';transport=tcp'}`;
  }

  /** The latest that it has heard of this method or status, in the call. */
  last(word: string, callId: string): SipMessage {
    const found = this.heard.findLast((message) => wordOf(message) === word && message.callId() === callId);
    if (found === undefined)
      throw new Error(`${this.address} has heard no ${word} of ${callId}: ${this.words(callId).join(' ')}`);
    return found;
  }

  words(callId: string): string[] {
    return this.heard.filter((message) => message.callId() === callId).map((message) => wordOf(message));
  }

  count(word: string, callId: string): number {
    return this.words(callId).filter((one) => one === word).length;
  }

  #attach(stream: ByteStream): ByteStream {
    const framer = new StreamFramer();
    stream.receive({
      data: (chunk) => {
        for (const item of framer.push(chunk)) if (item.kind === 'message') this.#hear(item.bytes);
      },
      closed: () => undefined,
    });
    return stream;
  }

  #hear(bytes: Buffer): void {
    const message = decodeMessage(Buffer.from(bytes));
    if (!(message instanceof SipMessage)) throw new Error(`a phone got a bad message: ${message.reason}`);
    this.heard.push(message);
  }
}
