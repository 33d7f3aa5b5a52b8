import { badSdp, type BadSdp } from './bad-sdp.ts';
import { sdpLimits } from './limits.ts';

/** One line, as offsets into the text. */
export interface SdpLine {
  /** The letter before `=`; empty for a line that is not of that form: it is kept as it is. */
  readonly type: string;
  readonly start: number;
  /** Behind the `=`. */
  readonly valueStart: number;
  /** Without the line's end. */
  readonly end: number;
  /** Where the next line starts. */
  readonly next: number;
}

/** RFC 4566 §5: `<type>=<value>` CRLF; a single LF ends a line as well. */
export function splitLines(text: string): readonly SdpLine[] | BadSdp {
  const lines: SdpLine[] = [];
  for (let start = 0; start < text.length;) {
    if (lines.length === sdpLimits.lines) return badSdp(`more than ${sdpLimits.lines} lines`, start);
    const feed = text.indexOf('\n', start);
    const next = feed < 0 ? text.length : feed + 1;
    const lineEnd = feed < 0 ? text.length : feed;
    const end = lineEnd > start && text.charCodeAt(lineEnd - 1) === 0x0d ? lineEnd - 1 : lineEnd;
    const isTyped = end - start >= 2 && text[start + 1] === '=';
    lines.push({ type: isTyped ? text[start]! : '', start, valueStart: isTyped ? start + 2 : start, end, next });
    start = next;
  }
  return lines;
}
