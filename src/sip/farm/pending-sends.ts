interface PendingSend {
  readonly member: string;
  readonly sequence: number;
  readonly failed: (error: Error) => void;
}

const mostSends = 1024;

/** What was given to other members to send a moment ago: they say when it cannot arrive. Beyond the cap the oldest are forgotten. */
export class PendingSends {
  readonly #ring = new Array<PendingSend | undefined>(mostSends).fill(undefined);
  #next = 0;

  add(member: string, sequence: number, failed: (error: Error) => void): void {
    this.#ring[this.#next] = { member, sequence, failed };
    this.#next = (this.#next + 1) % mostSends;
  }

  failed(member: string, sequence: number, error: Error): void {
    const at = this.#ring.findIndex((one) => one?.sequence === sequence && one.member === member);
    const send = at < 0 ? undefined : this.#ring[at];
    if (send === undefined) return;
    this.#ring[at] = undefined;
    send.failed(error);
  }
}
