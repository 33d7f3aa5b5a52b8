import { memberName, type MemberId } from '../member-id.ts';

/** One port, and why it was not reached; empty = it was. */
export interface PortResult {
  readonly port: number;
  readonly cause: string;
}

interface Verdict {
  readonly address: string;
  readonly results: readonly PortResult[];
  readonly atMs: number;
}

const causesShownMax = 3;

/** What others found when they tried this member. A port is unreachable when all who tried it lately say so. */
export class ReachabilityVerdicts {
  readonly #goodForMs: number;
  readonly #verdicts = new Map<MemberId, Verdict>();

  constructor(goodForMs: number) {
    this.#goodForMs = goodForMs;
  }

  found(by: MemberId, address: string, results: readonly PortResult[], nowMs: number): void {
    this.#verdicts.set(by, { address, results, atMs: nowMs });
  }

  /** Of the ports of `address`. What was found about another address, or long ago, does not count. */
  unreachable(address: string, ports: readonly number[], nowMs: number): { ports: number[]; cause: string } {
    for (const [by, { atMs }] of this.#verdicts) if (atMs + this.#goodForMs < nowMs) this.#verdicts.delete(by);
    const verdicts = [...this.#verdicts].filter(([, verdict]) => verdict.address === address);
    const causes = new Set<string>();
    const closed = ports.filter((port) => {
      const said = verdicts.flatMap(([by, { results }]) =>
        results.filter((result) => result.port === port).map(({ cause }) => ({ by, cause })),
      );
      if (said.length === 0 || said.some(({ cause }) => cause === '')) return false;
      for (const { by, cause } of said) causes.add(`${memberName(by)}: ${cause}`);
      return true;
    });
    return { ports: closed, cause: [...causes].slice(0, causesShownMax).join('; ') };
  }
}
