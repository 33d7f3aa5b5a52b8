import { formatIpAddress, parseIpAddress } from '#base';

/** Beyond it all are forgotten, and looked at anew. */
const mostAddresses = 4096;

/** Addresses as text and as bytes: the same few, of thousands of frames a second. */
export class FrameAddresses {
  readonly #bytes = new Map<string, Buffer | undefined>();
  readonly #texts = new Map<number, string>();

  /** undefined: it is more than its bytes (a zone), or not written as `textOf` writes it. */
  bytesOf(text: string): Buffer | undefined {
    const known = this.#bytes.get(text);
    if (known !== undefined || this.#bytes.has(text)) return known;
    const parsed = parseIpAddress(text);
    const bytes = parsed !== undefined && formatIpAddress(parsed) === text ? parsed : undefined;
    if (this.#bytes.size >= mostAddresses) this.#bytes.clear();
    this.#bytes.set(text, bytes);
    return bytes;
  }

  /** `size`: 4 or 16. */
  textOf(bytes: Buffer, at: number, size: number): string {
    if (size !== 4) return formatIpAddress(bytes.subarray(at, at + size)) ?? '';
    const value = bytes.readUInt32BE(at);
    let text = this.#texts.get(value);
    if (text === undefined) {
      text = formatIpAddress(bytes.subarray(at, at + size)) ?? '';
      if (this.#texts.size >= mostAddresses) this.#texts.clear();
      this.#texts.set(value, text);
    }
    return text;
  }
}
