import { Counter, Gauge, Registry } from 'prom-client';

/** One figure, with the labels that tell it from others of its metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** Prometheus name: `hubfarm_…`, base unit last, `_total` for counters. */
  readonly name: string;
  readonly help: string;
  /** `counter` = only grows while the server runs. */
  readonly kind: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  /** Asked at each scrape: nobody counts anything for the metrics alone. */
  readonly collect: () => number | readonly Sample[];
}

/** Samples of one metric. What is beyond it is left out and counted: one hub too many must not break the monitoring. */
const maxSamples = 2000;

/** The metrics of one server, in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #before: (() => Promise<void>)[] = [];
  #leftOut = 0;

  constructor() {
    this.add({
      name: 'hubfarm_metrics_samples_left_out',
      help: `Samples beyond ${maxSamples} of one metric, in the last scrape before this one.`,
      kind: 'gauge',
      collect: () => {
        const leftOut = this.#leftOut;
        this.#leftOut = 0;
        return leftOut;
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  add({ name, help, kind, labels = [], collect }: Metric): void {
    const samples = (): readonly Sample[] => {
      const collected = collect();
      const all = typeof collected === 'number' ? [{ labels: {}, value: collected }] : collected;
      this.#leftOut += Math.max(0, all.length - maxSamples);
      return all.slice(0, maxSamples);
    };
    const configuration = { name, help, labelNames: labels, registers: [this.#registry] };
    // prom-client calls `collect` with the metric as `this` before it reads it.
    if (kind === 'gauge') {
      new Gauge({
        ...configuration,
        collect() {
          this.reset();
          for (const sample of samples()) this.set(sample.labels, sample.value);
        },
      });
    } else {
      new Counter({
        ...configuration,
        collect() {
          this.reset();
          for (const sample of samples()) this.inc(sample.labels, sample.value);
        },
      });
    }
  }

  addAll(metrics: readonly Metric[]): void {
    for (const metric of metrics) this.add(metric);
  }

  /** Called before each scrape, for figures that have to be fetched. Must not reject. */
  beforeScrape(fetch: () => Promise<void>): void {
    this.#before.push(fetch);
  }

  /** The whole exposition, for `GET /metrics`. */
  async text(): Promise<string> {
    await Promise.all(this.#before.map((fetch) => fetch()));
    return this.#registry.metrics();
  }
}
