import type { MemberSamples } from './member/thread-messages.ts';
import type { Metric, Sample } from './metrics.ts';

/** What a metric shows now, as it travels between threads. */
export function samplesOf(metrics: readonly Metric[]): MemberSamples {
  return Object.fromEntries(
    metrics.map(({ name, collect }) => {
      const collected = collect();
      return [name, typeof collected === 'number' ? [{ labels: {}, value: collected }] : collected];
    }),
  );
}

/** The metrics of all members of a server on one page, told apart by the label `member`. */
export class MemberMetrics {
  readonly metrics: readonly Metric[];
  readonly #others: () => Promise<ReadonlyMap<string, MemberSamples>>;
  #fetched: ReadonlyMap<string, MemberSamples> = new Map();

  /** `own`: of the member `name`; the others have the same metrics. `others` must not reject. */
  constructor(
    name: string,
    own: readonly Metric[],
    others: () => Promise<ReadonlyMap<string, MemberSamples>> = () => Promise.resolve(new Map()),
  ) {
    this.#others = others;
    this.metrics = own.map((metric) => ({
      ...metric,
      labels: ['member', ...(metric.labels ?? [])],
      collect: () => [
        ...labelled(name, samplesOf([metric])[metric.name]),
        ...[...this.#fetched].flatMap(([member, samples]) => labelled(member, samples[metric.name])),
      ],
    }));
  }

  /** Asks the other members, before a scrape. */
  async fetch(): Promise<void> {
    this.#fetched = await this.#others();
  }
}

function labelled(member: string, samples: readonly Sample[] = []): Sample[] {
  return samples.map(({ labels, value }) => ({ labels: { member, ...labels }, value }));
}
