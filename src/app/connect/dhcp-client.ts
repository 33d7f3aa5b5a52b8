import { DecodeError } from '#base';
import {
  decodeDhcpMessage,
  decodeUdp4Frame,
  DhcpOption,
  encodeDhcpMessage,
  encodeUdp4Frame,
  type DhcpMessage,
  type DhcpMessageType,
} from '#hub';
import type { Clock, Random, Timer } from '#io';
import { leaseOf, type DhcpLease } from './dhcp-lease.ts';

export interface DhcpClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** 6 bytes. */
  readonly mac: Buffer;
  readonly hostName: string;
  readonly send: (frame: Buffer) => void;
  /** Frames from the network are wanted (`receive`), or not any more: looking at each of them costs. */
  readonly listens: (isListening: boolean) => void;
  /** A lease; `isNew` = with another address than the one before. */
  readonly bound: (lease: DhcpLease, isNew: boolean) => void;
  /** The address must not be used any more. */
  readonly expired: () => void;
}

/** RFC 2131 figure 5. `idle`: there is no network; a lease runs on all the same. */
type State = 'idle' | 'selecting' | 'requesting' | 'bound' | 'renewing' | 'rebinding';

interface Held {
  readonly lease: DhcpLease;
  readonly address: Buffer;
  readonly server: Buffer;
  readonly serverMac: Buffer;
  /** By the clock. */
  readonly renewAtMs: number;
  readonly rebindAtMs: number;
  readonly expiresAtMs: number;
}

const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const NO_ADDRESS = Buffer.alloc(4);
const EVERYBODY = { server: Buffer.alloc(4, 0xff), serverMac: Buffer.alloc(6, 0xff) };
const ETHERNET = 1;
const HOST_NAME_MAX_BYTES = 63;
/** Between two tries: doubles up to the longest (RFC 2131 §4.1), less up to a quarter at random. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 64_000;
/** An offer that is not confirmed after so many requests is given up. */
const MAX_REQUESTS = 4;

/** Gets an IPv4 address from the network (RFC 2131) and keeps it. */
export class DhcpClient {
  readonly #options: DhcpClientOptions;
  #state: State = 'idle';
  #transactionId = 0;
  #tries = 0;
  #offer: { readonly address: Buffer; readonly server: Buffer } | undefined;
  #held: Held | undefined;
  #timer: Timer | undefined;

  constructor(options: DhcpClientOptions) {
    this.#options = options;
  }

  get lease(): DhcpLease | undefined {
    return this.#held?.lease;
  }

  /** The network is there, or there again: asks for an address, or whether the one that it has is still good. */
  start(): void {
    this.#begin(this.#held === undefined ? 'selecting' : 'rebinding');
  }

  /** The network is not there: nothing can be asked. */
  pause(): void {
    this.#state = 'idle';
    this.#options.listens(false);
    this.#armUntil(this.#held?.expiresAtMs ?? Infinity);
  }

  /** The end; gives the lease back. */
  stop(): void {
    const held = this.#held;
    if (held !== undefined && this.#state !== 'idle') {
      this.#send('release', held, [[DhcpOption.serverIdentifier, held.server]]);
    }
    this.#held = undefined;
    this.pause();
  }

  /** A frame from the network; what is no answer to us is passed over. */
  receive(frame: Buffer): void {
    const udp = decodeUdp4Frame(frame);
    if (udp?.destinationPort !== CLIENT_PORT) return;
    try {
      const message = decodeDhcpMessage(udp.payload);
      const isOurs = message.transactionId === this.#transactionId && message.clientMac.equals(this.#options.mac);
      if (!message.isRequest && isOurs) this.#answered(message, udp.sourceMac);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  #answered(message: DhcpMessage, serverMac: Buffer): void {
    const server = message.options.get(DhcpOption.serverIdentifier);
    if (this.#state === 'selecting') {
      if (message.type !== 'offer' || server?.length !== 4) return;
      this.#offer = { address: Buffer.from(message.yourAddress), server: Buffer.from(server) };
      this.#state = 'requesting';
      this.#tries = 0;
      this.#ask();
    } else if (this.#state !== 'idle' && this.#state !== 'bound') {
      if (message.type === 'nak') this.#loseLease();
      else if (message.type === 'ack') this.#confirmed(message, server ?? this.#held?.server ?? NO_ADDRESS, serverMac);
    }
  }

  #confirmed(message: DhcpMessage, server: Buffer, serverMac: Buffer): void {
    const { clock, bound, listens } = this.#options;
    const lease = leaseOf(message, server);
    const isNew = lease.addressCidr !== this.lease?.addressCidr;
    const nowMs = clock.nowMs();
    this.#held = {
      lease,
      address: Buffer.from(message.yourAddress),
      server: Buffer.from(server),
      serverMac: Buffer.from(serverMac),
      renewAtMs: nowMs + lease.renewalSeconds * 1000,
      rebindAtMs: nowMs + lease.rebindingSeconds * 1000,
      expiresAtMs: nowMs + lease.seconds * 1000,
    };
    this.#state = 'bound';
    listens(false);
    this.#armUntil(this.#held.renewAtMs);
    bound(lease, isNew);
  }

  #loseLease(): void {
    const hadLease = this.#held !== undefined;
    this.#held = undefined;
    if (this.#state !== 'idle') this.#begin('selecting');
    if (hadLease) this.#options.expired();
  }

  #begin(state: State): void {
    this.#state = state;
    this.#tries = 0;
    this.#offer = undefined;
    this.#transactionId = this.#options.random.bytes(4).readUInt32BE();
    this.#options.listens(true);
    this.#ask();
  }

  /** Sends what the state asks for; nobody may answer. */
  #ask(): void {
    const { clock, random } = this.#options;
    switch (this.#state) {
      case 'idle':
      case 'bound':
        return;
      case 'selecting':
        this.#send('discover', undefined, []);
        break;
      case 'requesting':
        this.#send('request', undefined, [
          [DhcpOption.requestedAddress, this.#offer?.address ?? NO_ADDRESS],
          [DhcpOption.serverIdentifier, this.#offer?.server ?? NO_ADDRESS],
        ]);
        break;
      case 'renewing':
        this.#send('request', this.#held, []);
        break;
      case 'rebinding':
        this.#send('request', this.#held && { ...this.#held, ...EVERYBODY }, []);
    }
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#tries, 10), LONGEST_RETRY_MS);
    this.#tries++;
    const againAtMs = clock.nowMs() + waitMs - random.below(waitMs / 4);
    this.#armUntil(Math.min(againAtMs, this.#held?.expiresAtMs ?? Infinity));
  }

  #armUntil(atMs: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === Infinity) return;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(atMs - clock.nowMs(), 0), () => this.#due());
  }

  #due(): void {
    const held = this.#held;
    const nowMs = this.#options.clock.nowMs();
    if (held !== undefined && nowMs >= held.expiresAtMs) this.#loseLease();
    else if (this.#state === 'bound') this.#begin('renewing');
    else if (this.#state === 'renewing' && held !== undefined && nowMs >= held.rebindAtMs) this.#begin('rebinding');
    else if (this.#state === 'requesting' && this.#tries >= MAX_REQUESTS) this.#begin('selecting');
    else this.#ask();
  }

  /** `held`: from that address to that server; without, from nobody to everybody. */
  #send(
    type: DhcpMessageType,
    held: Pick<Held, 'address' | 'server' | 'serverMac'> | undefined,
    more: readonly (readonly [number, Buffer])[],
  ): void {
    const { mac, hostName, send } = this.#options;
    const { subnetMask, routers, nameServers } = DhcpOption;
    const clientAddress = held?.address ?? NO_ADDRESS;
    const payload = encodeDhcpMessage({
      isRequest: true,
      type,
      transactionId: this.#transactionId,
      isBroadcastWanted: held === undefined,
      clientAddress,
      yourAddress: NO_ADDRESS,
      clientMac: mac,
      options: new Map<number, Buffer>([
        ...more,
        [DhcpOption.clientIdentifier, Buffer.from([ETHERNET, ...mac])],
        [DhcpOption.hostName, Buffer.from(hostName).subarray(0, HOST_NAME_MAX_BYTES)],
        [DhcpOption.parameterRequest, Buffer.from([subnetMask, routers, nameServers])],
      ]),
    });
    const { server, serverMac } = held ?? EVERYBODY;
    const addresses = { sourceMac: mac, sourceAddress: clientAddress, destinationMac: serverMac };
    const ports = { sourcePort: CLIENT_PORT, destinationPort: SERVER_PORT };
    send(encodeUdp4Frame({ ...addresses, ...ports, destinationAddress: server, payload }));
  }
}
