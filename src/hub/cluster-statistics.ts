import { HubfarmError } from '#base';
import type { Bus } from '#cluster';
import { MemberStatistics } from './member-statistics.ts';
import { StatisticsCollector, type StatisticsCollectorOptions } from './statistics-collector.ts';
import { decodeReport, encodeReport } from './statistics-report.ts';
import type { Statistics, StatisticsKeeper, StatisticsOwner } from './statistics.ts';

export interface ClusterStatisticsOptions extends Omit<StatisticsCollectorOptions, 'controllership'> {
  readonly bus: Pick<Bus, 'self' | 'serve' | 'call'>;
  readonly controllership: StatisticsCollectorOptions['controllership'] & {
    controller(): { readonly member: Bus['self']['member']; readonly boot: string } | undefined;
  };
  /** It may become the controller: then it adds up what all members report. */
  readonly isEligible: boolean;
}

const service = 'hub/add-statistics';
/** The controller answers when the counts are on its disk, or on those of most engines. */
const callTimeoutMs = 3_000;

/** What this member counts, and, while it is the controller, what all members have counted together. */
export class ClusterStatistics {
  /** For the `HubHost` of this member. */
  readonly keeper: StatisticsKeeper;
  readonly #collector: StatisticsCollector | undefined;
  readonly #stopServing: () => void;

  private constructor(options: ClusterStatisticsOptions, collector: StatisticsCollector | undefined) {
    const { bus, controllership, logger } = options;
    this.#collector = collector;
    this.#stopServing =
      collector === undefined
        ? () => undefined
        : bus.serve(service, async (body, from) => {
            await collector.receive(from, decodeReport(body));
            return {};
          });
    this.keeper = new MemberStatistics({
      logger,
      send: async (report) => {
        const controller = controllership.controller();
        if (controller === undefined) throw new HubfarmError('NO_CONTROLLER', 'there is no controller at the moment');
        if (controller.member === bus.self.member) await requireCollector(collector).receive(bus.self, report);
        else await bus.call(controller, service, encodeReport(report), { timeoutMs: callTimeoutMs });
      },
    });
  }

  static async open(options: ClusterStatisticsOptions): Promise<ClusterStatistics> {
    return new ClusterStatistics(options, options.isEligible ? await StatisticsCollector.open(options) : undefined);
  }

  /** Of the whole cluster; where this member cannot know that, what it has counted itself. */
  of(owner: StatisticsOwner): Statistics {
    return (this.#collector ?? this.keeper).of(owner);
  }

  /** The owner was deleted. */
  forget(owner: StatisticsOwner): void {
    this.#collector?.forget(owner);
  }

  /** After the hubs have stopped, whose last counts have come in by then. */
  async stop(): Promise<void> {
    this.#stopServing();
    await this.#collector?.stop();
  }
}

function requireCollector(collector: StatisticsCollector | undefined): StatisticsCollector {
  if (collector === undefined) throw new HubfarmError('NO_COLLECTOR', 'the controller does not collect statistics');
  return collector;
}
