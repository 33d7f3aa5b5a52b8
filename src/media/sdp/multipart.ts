/** Where the session description of a body is: all of it, or one part (RFC 5621). */
export interface SdpPlace {
  readonly start: number;
  readonly end: number;
  /** Of the number in the part's own Content-Length, where it has one. */
  readonly length: { readonly start: number; readonly end: number } | undefined;
}

const MAX_PARTS = 16;

/** undefined: there is none, or it is encoded in a way that is not looked into. */
export function findSdp(body: Uint8Array, contentType: string): SdpPlace | undefined {
  const type = mediaTypeOf(contentType);
  if (type === 'application/sdp')
    return body.length === 0 ? undefined : { start: 0, end: body.length, length: undefined };
  if (!type.startsWith('multipart/')) return undefined;
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  return findPart(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), boundary);
}

/** The body with another session description in that place. */
export function replaceSdp(body: Uint8Array, place: SdpPlace, sdp: Uint8Array): Uint8Array {
  const { start, end, length } = place;
  if (start === 0 && end === body.length) return sdp;
  const rest = [sdp, body.subarray(end)];
  if (length === undefined) return Buffer.concat([body.subarray(0, start), ...rest]);
  const number = Buffer.from(String(sdp.length), 'latin1');
  return Buffer.concat([body.subarray(0, length.start), number, body.subarray(length.end, start), ...rest]);
}

function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** RFC 2046 §5.1.1: 1 to 70 characters. */
function boundaryOf(contentType: string): string | undefined {
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s";]{1,70}))/i.exec(contentType);
  return found?.[1] ?? found?.[2];
}

function findPart(text: string, boundary: string): SdpPlace | undefined {
  const mark = `--${boundary}`;
  let at = text.startsWith(mark) ? 0 : text.indexOf(`\n${mark}`) + 1;
  if (at === 0 && !text.startsWith(mark)) return undefined;
  for (let count = 0; count < MAX_PARTS; count++) {
    const head = text.indexOf('\n', at) + 1;
    const following = text.indexOf(`\n${mark}`, Math.max(head - 1, at));
    if (head === 0 || following < 0) return undefined;
    const found = partOf(text, head, text[following - 1] === '\r' ? following - 1 : following);
    if (found !== undefined) return found;
    at = following + 1;
  }
  return undefined;
}

/** Header fields, an empty line, content. */
function partOf(text: string, start: number, end: number): SdpPlace | undefined {
  let at = start;
  let isSdp = false;
  let length: SdpPlace['length'];
  while (at < end) {
    const feed = text.indexOf('\n', at);
    if (feed < 0 || feed >= end) return undefined;
    const line = text.slice(at, feed).trimEnd();
    if (line === '') return isSdp ? { start: feed + 1, end, length } : undefined;
    const field = /^([^\s:]+)\s*:\s*(.*)$/.exec(line);
    const name = field?.[1]?.toLowerCase();
    const value = field?.[2] ?? '';
    if (name === 'content-type' || name === 'c') isSdp = mediaTypeOf(value) === 'application/sdp';
    else if (name === 'content-transfer-encoding' && !/^(7bit|8bit|binary)$/i.test(value)) return undefined;
    else if (name === 'content-length' || name === 'l') length = numberIn(line, at, value);
    at = feed + 1;
  }
  return undefined;
}

function numberIn(line: string, at: number, value: string): SdpPlace['length'] {
  if (!/^\d+$/.test(value)) return undefined;
  const start = at + line.length - value.length;
  return { start, end: start + value.length };
}
