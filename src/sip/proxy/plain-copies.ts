import { MessageBytes } from '../message/message-bytes.ts';
import { writeReceivedVia } from '../message/received-via.ts';
import type { Hop } from '../transport/hop.ts';
import type { WrittenCopy } from './forward-branch.ts';
import type { InvitePlaces } from './invite-places.ts';

/** What the copy has that is forwarded, and its INVITE has not (RFC 3261 §16.6), beside our Via. */
export interface CopyParts {
  readonly uriText: string;
  /** Of our Via. */
  readonly sentBy: string;
  /** The value of Record-Route; undefined: there is none. */
  readonly recordRoute: string | undefined;
  readonly maxBreadth: number;
}

const noParts: CopyParts = { uriText: '', sentBy: '', recordRoute: undefined, maxBreadth: 0 };

/** Writes what a plain INVITE brings about from its bytes: the 100, and the copy that is forwarded. One for many, one after the other. */
export class PlainCopies implements WrittenCopy {
  readonly #out = new MessageBytes();
  readonly #invite: InvitePlaces;
  #address = '';
  #port = 0;
  #parts = noParts;

  constructor(invite: InvitePlaces) {
    this.#invite = invite;
  }

  get maxBreadth(): number {
    return this.#parts.maxBreadth;
  }

  /** Of the INVITE that has just been read, and came from there. */
  begin({ remoteAddress, remotePort }: Hop, parts: CopyParts): void {
    this.#address = remoteAddress;
    this.#port = remotePort;
    this.#parts = parts;
  }

  /** As `buildResponse` makes it. */
  trying(): Buffer {
    const out = this.#out;
    const { bytes, runs, runCount, viaStart, viaNext, topVia } = this.#invite;
    const isNoted = topVia.rportStart > 0;
    out.begin();
    out.text('SIP/2.0 100 Trying\r\n');
    for (let index = 0; index < 2 * runCount; index += 2) {
      let start = runs[index]!;
      if (start === viaStart && isNoted) {
        out.text('Via: ');
        this.#writeVia(topVia.start);
        start = viaNext;
      }
      out.bytes(bytes, start, runs[index + 1]!);
    }
    out.text('Content-Length: 0\r\n\r\n');
    return out.finish();
  }

  /** As `forwardedRequest` makes it. */
  with(viaParams: string): Buffer {
    const out = this.#out;
    const { uriText, sentBy, recordRoute, maxBreadth } = this.#parts;
    const { bytes, headEnd } = this.#invite;
    out.begin();
    out.text('INVITE ');
    out.text(uriText);
    out.text(' SIP/2.0\r\nVia: SIP/2.0/UDP ');
    out.text(sentBy);
    out.text(';');
    out.text(viaParams);
    out.text(';rport\r\n');
    if (recordRoute !== undefined) {
      out.text('Record-Route: ');
      out.text(recordRoute);
      out.text('\r\n');
    }
    this.#writeFields();
    out.text('Max-Breadth: ');
    out.text(String(maxBreadth));
    out.text('\r\n');
    out.bytes(bytes, headEnd, bytes.length);
    return out.finish();
  }

  #writeFields(): void {
    const { bytes, linesStart, headEnd, viaStart, viaNext, maxForwardsStart, maxForwardsNext } = this.#invite;
    const out = this.#out;
    if (viaStart < maxForwardsStart) {
      out.bytes(bytes, linesStart, viaStart);
      this.#writeVia(viaStart);
      out.bytes(bytes, viaNext, maxForwardsStart);
      this.#writeMaxForwards();
      out.bytes(bytes, maxForwardsNext, headEnd);
    } else {
      out.bytes(bytes, linesStart, maxForwardsStart);
      this.#writeMaxForwards();
      out.bytes(bytes, maxForwardsNext, viaStart);
      this.#writeVia(viaStart);
      out.bytes(bytes, viaNext, headEnd);
    }
  }

  #writeVia(from: number): void {
    const { bytes, topVia } = this.#invite;
    writeReceivedVia(this.#out, bytes, from, topVia, this.#address, this.#port);
    this.#out.text('\r\n');
  }

  #writeMaxForwards(): void {
    const out = this.#out;
    out.text('Max-Forwards: ');
    out.text(String(this.#invite.maxForwards - 1));
    out.text('\r\n');
  }
}
