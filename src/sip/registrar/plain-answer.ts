import type { Hop } from '../transport/hop.ts';
import { MessageBytes } from '../message/message-bytes.ts';
import { writeReceivedVia } from '../message/received-via.ts';
import type { ViaPlaces } from '../message/via-places.ts';
import type { PlainRequest } from './plain-request.ts';

/** Where to answer, of a Via. */
export interface PlainVia {
  /** Not said: by UDP nothing is looked up. */
  readonly host: '';
  readonly port: number | undefined;
  readonly rport: number | undefined;
  readonly maddr: undefined;
}

/** What the server does for it. */
export interface PlainAnswers {
  respond(bytes: Buffer, hop: Hop, via: PlainVia): void;
  /** A final response has been given to a request of this method. */
  answered(method: string, status: number): void;
}

export function viaOf({ port, rportStart }: ViaPlaces): PlainVia {
  return {
    host: '',
    port: port === 0 ? undefined : port,
    rport: rportStart === 0 ? undefined : 0,
    maddr: undefined,
  };
}

/** Answers to plain requests (RFC 3261 §8.2.6): `begin`, header fields of their own in `out`, `finish`. */
export class PlainAnswer {
  readonly out = new MessageBytes();

  /** `tag`: of To. */
  begin(request: PlainRequest, hop: Hop, status: string, tag: number): void {
    const { out } = this;
    const { bytes, via, fromStart, fromEnd, toStart, toEnd, callIdStart, callIdEnd, cseqStart, cseqEnd } = request;
    out.begin();
    out.text('SIP/2.0 ');
    out.text(status);
    out.text('\r\nVia: ');
    writeReceivedVia(out, bytes, via.start, via, hop.remoteAddress, hop.remotePort);
    out.text('\r\n');
    out.bytes(bytes, fromStart, fromEnd + 2);
    out.bytes(bytes, toStart, toEnd);
    out.text(';tag=');
    out.hex8(tag);
    out.text('\r\nCall-ID: ');
    out.bytes(bytes, callIdStart, callIdEnd);
    out.text('\r\nCSeq: ');
    out.bytes(bytes, cseqStart, cseqEnd + 2);
  }

  finish(): Buffer {
    this.out.text('Content-Length: 0\r\n\r\n');
    return this.out.finish();
  }
}
