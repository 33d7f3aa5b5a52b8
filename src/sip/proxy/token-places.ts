const DOT = 0x2e;
const NO_FLOW = 0x2d;

/** Where the parts of a flow token are (see `FlowTokens`). One for many, as it holds the offsets of one only. */
export class TokenPlaces {
  memberStart = 0;
  memberEnd = 0;
  /** Of the flow, or of `-` and the marks of hosts. */
  wayStart = 0;
  hasFlow = false;
  /** Of the mark of the INVITE; where the text ends that the seal is of: it is not there. */
  firstStart = 0;
  textEnd = 0;
  macStart = 0;
  end = 0;

  /** False: it has not these parts. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let dot = start;
    while (dot < end && bytes[dot] !== DOT) dot++;
    let last = end - 1;
    while (last > dot && bytes[last] !== DOT) last--;
    if (last <= dot) return false;
    this.memberStart = start;
    this.memberEnd = dot;
    this.wayStart = dot + 1;
    this.hasFlow = bytes[dot + 1] !== NO_FLOW;
    this.textEnd = last;
    this.macStart = last + 1;
    this.end = end;
    let first = dot + 1;
    while (first < last && bytes[first] !== DOT) first++;
    this.firstStart = Math.min(first + 1, last);
    return true;
  }
}
