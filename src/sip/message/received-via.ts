import { isText } from './byte-ranges.ts';
import type { MessageBytes } from './message-bytes.ts';
import type { ViaPlaces } from './via-places.ts';

const rportParam = ';rport';

/** The bytes from `from` to the end of a Via that has come from there, as RFC 3261 §18.2.1 and RFC 3581 §4 want it noted. */
export function writeReceivedVia(
  out: MessageBytes,
  bytes: Buffer,
  from: number,
  { rportStart, end, hostStart, hostEnd }: ViaPlaces,
  address: string,
  port: number,
): void {
  if (rportStart > 0) {
    out.bytes(bytes, from, rportStart);
    out.bytes(bytes, rportStart + rportParam.length, end);
    out.text(`;rport=${port}`);
  } else {
    out.bytes(bytes, from, end);
    if (isText(bytes, hostStart, hostEnd, address)) return;
  }
  out.text(';received=');
  out.text(address);
}
