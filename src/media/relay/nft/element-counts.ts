import { parseIpAddress } from '#base';
import type { Netfilter } from '#io';
import type { KernelChannel, KernelEnd } from '../kernel-relay.ts';
import { decodeElementAnswers, encodeElementQuestion } from './element-message.ts';
import type { ElementCount } from './map-listing.ts';

/** Numbers of questions, so that a late answer is not taken for the one to the next. */
const NUMBERS = 0x7fff_ffff;

/** How many packets of a channel there have been until now. Through `nft` that would take the time of a listing of all. */
export class ElementCounts {
  readonly #netfilter: Netfilter;
  readonly #table: string;
  #number = 0;

  constructor(netfilter: Netfilter, table: string) {
    this.#netfilter = netfilter;
    this.#table = table;
  }

  /** Of both ends; undefined: the kernel does not have it. */
  read(channel: KernelChannel, family: 4 | 6): { readonly a: ElementCount; readonly b: ElementCount } | undefined {
    const keys = [elementKey(channel.a), elementKey(channel.b)] as const;
    this.#number = (this.#number + 1) % NUMBERS;
    const question = encodeElementQuestion(this.#table, `z${family}`, keys, this.#number);
    const counts = decodeElementAnswers(this.#netfilter.ask(question), this.#number);
    const [a, b] = keys.map((key) => counts.get(key.toString('hex')));
    return a === undefined || b === undefined ? undefined : { a, b };
  }
}

/** As the kernel has the key of `z4`, `z6`: address and port of the sender, and ours, each padded to four bytes. */
function elementKey({ remote, local }: KernelEnd): Buffer {
  return Buffer.concat(
    [remote, local].flatMap(({ address, port }) => {
      const padded = Buffer.alloc(4);
      padded.writeUInt16BE(port);
      return [parseIpAddress(address) ?? Buffer.alloc(0), padded];
    }),
  );
}
