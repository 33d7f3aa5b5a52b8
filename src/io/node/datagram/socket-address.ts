import { networkInterfaces } from 'node:os';
import { formatIpAddress, parseIpAddress } from '#base';

/** <bits/socket.h> */
export const AF_INET = 2;
export const AF_INET6 = 10;
/** struct sockaddr_in, struct sockaddr_in6 */
export const SIZE_4 = 16;
export const SIZE_6 = 28;

/** Remotes whose text is remembered; beyond it all are forgotten, and learnt again as they come. */
const REMEMBERED_MAX = 65_536;

/** An address without its port, as the kernel wants it: the words of struct sockaddr behind the first. */
export interface RawAddress {
  readonly text: string;
  readonly family: typeof AF_INET | typeof AF_INET6;
  /** sin_addr; or sin6_flowinfo, four of sin6_addr, sin6_scope_id. */
  readonly words: readonly number[];
}

/** struct sockaddr, whose first word is the family and the port in network order. */
export const firstWord = (family: number, port: number): number =>
  (family | ((port >> 8) << 16) | ((port & 0xff) << 24)) >>> 0;
export const portOf = (word: number): number => (((word >>> 16) & 0xff) << 8) | (word >>> 24);

/** Addresses of remotes in both forms, so that a datagram makes no text. */
export class SocketAddresses {
  readonly #fours = new Map<number, string>();
  /** By a hash of the words: who comes with the hash of another replaces it. */
  readonly #sixes = new Map<number, RawAddress>();
  readonly #raws = new Map<string, RawAddress>();

  /** Text of the struct sockaddr_in or _in6 that begins at word `at`. */
  textAt(words: Uint32Array, at: number): string {
    if ((words[at]! & 0xffff) === AF_INET) return this.#fours.get(words[at + 1]!) ?? this.#learnFour(words[at + 1]!);
    const hash = hashOf(words, at);
    const known = this.#sixes.get(hash);
    return known !== undefined && isSame(known, words, at) ? known.text : this.#learnSix(hash, words, at);
  }

  /** undefined = not an address. */
  rawOf(text: string): RawAddress | undefined {
    return this.#raws.get(text) ?? this.#learnText(text);
  }

  #learnFour(word: number): string {
    const text = `${word & 255}.${(word >> 8) & 255}.${(word >> 16) & 255}.${word >>> 24}`;
    if (this.#fours.size >= REMEMBERED_MAX) this.#fours.clear();
    this.#fours.set(word, text);
    return text;
  }

  #learnSix(hash: number, from: Uint32Array, at: number): string {
    const words = Array.from(from.subarray(at + 1, at + 7));
    // What the sender calls a flow is nothing to answer with.
    words[0] = 0;
    const bytes = Buffer.alloc(16);
    for (let i = 0; i < 4; i++) bytes.writeUInt32LE(words[i + 1]!, i * 4);
    const text = `${formatIpAddress(bytes) ?? ''}${zoneText(words[5]!)}`;
    if (this.#sixes.size >= REMEMBERED_MAX) this.#sixes.clear();
    this.#sixes.set(hash, { text, family: AF_INET6, words });
    return text;
  }

  #learnText(text: string): RawAddress | undefined {
    const bytes = parseIpAddress(text);
    if (bytes === undefined) return undefined;
    const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
    const raw: RawAddress =
      words.length === 1
        ? { text, family: AF_INET, words }
        : { text, family: AF_INET6, words: [0, ...words, zoneIndex(text)] };
    if (this.#raws.size >= REMEMBERED_MAX) this.#raws.clear();
    this.#raws.set(text, raw);
    return raw;
  }
}

function hashOf(words: Uint32Array, at: number): number {
  let hash = 0;
  for (let i = at + 2; i < at + 7; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash;
}

function isSame(known: RawAddress, words: Uint32Array, at: number): boolean {
  for (let i = 1; i < 6; i++) if (known.words[i] !== words[at + 1 + i]) return false;
  return true;
}

const interfaces = (): (readonly [name: string, scope: number])[] =>
  Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
    list.flatMap((one) => (one.family === 'IPv6' ? [[name, one.scopeid] as const] : [])),
  );

/** `%eth0`; only link-local addresses have one. */
function zoneText(scope: number): string {
  if (scope === 0) return '';
  return `%${interfaces().find(([, id]) => id === scope)?.[0] ?? scope}`;
}

function zoneIndex(text: string): number {
  const zone = text.split('%', 2)[1];
  if (zone === undefined) return 0;
  const index = /^\d+$/.test(zone) ? Number(zone) : interfaces().find(([name, id]) => name === zone && id !== 0)?.[1];
  return index ?? 0;
}
