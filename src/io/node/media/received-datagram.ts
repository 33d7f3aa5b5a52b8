import type { MediaDatagram, MediaRemote } from '../../media-sockets.ts';
import { NAME_BYTES } from '../datagram/message-vector.ts';
import { fixedBuffer, MSG_DONTWAIT } from '../datagram/native.ts';
import {
  AF_INET,
  firstWord,
  portOf,
  SIZE_6,
  type RawAddress,
  type SocketAddresses,
} from '../datagram/socket-address.ts';
import type { Native } from './native.ts';

/** The longest datagram that there is. */
const AREA_BYTES = 65_536;

/** A remote as struct sockaddr, which the kernel reads where it is. */
export class NativeRemote implements MediaRemote {
  readonly address: string;
  readonly port: number;
  readonly family: number;
  readonly words: Uint32Array;
  readonly nameAddress: number;

  constructor(native: Native, { text, family, words }: RawAddress, port: number) {
    this.address = text;
    this.port = port;
    this.family = family;
    const name = fixedBuffer(NAME_BYTES);
    this.words = new Uint32Array(name.buffer);
    this.words[0] = firstWord(family, port);
    this.words.set(words, 1);
    this.nameAddress = native.addressOf(name);
  }
}

/** Where the kernel puts datagrams, one at a time: it is sent on before the next one is asked for. */
export class ReceivedDatagram implements MediaDatagram {
  readonly bytes: Uint8Array;
  /** Address of `bytes`. */
  readonly place: number;
  length = 0;
  atMs = 0;
  readonly #native: Native;
  readonly #addresses: SocketAddresses;
  readonly #name: Uint32Array;
  readonly #nameAddress: number;
  readonly #nameLength: Uint32Array;
  readonly #nameLengthAddress: number;

  constructor(native: Native, addresses: SocketAddresses) {
    const [area, name, nameLength] = [fixedBuffer(AREA_BYTES), fixedBuffer(NAME_BYTES), fixedBuffer(4)];
    this.bytes = new Uint8Array(area.buffer);
    this.place = native.addressOf(area);
    this.#native = native;
    this.#addresses = addresses;
    this.#name = new Uint32Array(name.buffer);
    this.#nameAddress = native.addressOf(name);
    this.#nameLength = new Uint32Array(nameLength.buffer);
    this.#nameLengthAddress = native.addressOf(nameLength);
  }

  get address(): string {
    return this.#addresses.textAt(this.#name, 0);
  }

  get port(): number {
    return portOf(this.#name[0]!);
  }

  /** False: nothing was there after all. */
  read(fd: number): boolean {
    this.#nameLength[0] = SIZE_6;
    const [name, nameLength] = [this.#nameAddress, this.#nameLengthAddress];
    this.length = this.#native.recvfrom(fd, this.place, AREA_BYTES, MSG_DONTWAIT, name, nameLength);
    return this.length >= 0;
  }

  isFrom({ words, family }: NativeRemote): boolean {
    const name = this.#name;
    if (name[0] !== words[0]) return false;
    if (family === AF_INET) return name[1] === words[1];
    // What the sender calls a flow, word 1, is not part of who it is.
    return name[2] === words[2] && name[3] === words[3] && name[4] === words[4] && name[5] === words[5];
  }
}
