/** Part of a message that is not what its grammar says. */
export class Malformed {
  readonly reason: string;
  /** Offset in the text that was parsed: that of the whole message where a header field of one was. */
  readonly offset: number;

  constructor(reason: string, offset: number) {
    this.reason = reason;
    this.offset = offset;
  }
}
