import type { Logger } from '#base';
import type { Clock, Network, Random, Timer } from '#io';
import type { Bus } from '../bus.ts';
import { asObject, isCount, isText } from '../json-record.ts';
import type { MemberId } from '../member-id.ts';
import type { MemberInfo, MemberView } from '../membership.ts';
import { probePorts } from './port-probe.ts';
import { probeTargets } from './probe-plan.ts';
import { ReachabilityVerdicts, type PortResult } from './reachability-verdicts.ts';

/** "I have tried your public ports": a member that could be tried is told what came of it. */
const reachedService = 'cluster/reached';

/** Between two rounds, give or take a fifth, so that members do not all dial at once. */
const probeEveryMs = 60_000;
/** Where something was not reached, it is looked at sooner: it may have been repaired. */
const probeFailedEveryMs = 10_000;
const jitterShare = 0.2;
/** A member that is new or has changed is tried within this. */
const firstProbeWithinMs = 1_000;
/** What was found counts for three rounds. */
const verdictGoodForMs = 3 * probeEveryMs;
const causeMaxChars = 300;
const resultsMax = 128;

export interface ReachabilityProberOptions {
  readonly network: Pick<Network, 'dial'>;
  readonly bus: Pick<Bus, 'send' | 'serve'>;
  readonly membership: ProbedMembership;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What probing needs of a `MemberRegistry`. */
export interface ProbedMembership {
  readonly self: MemberInfo;
  members(): readonly MemberView[];
  find(id: MemberId): MemberView | undefined;
  onChange(changed: () => void): () => void;
  setUnreachable(ports: readonly number[], cause: string): void;
}

interface Target {
  readonly fingerprint: string;
  timer: Timer;
}

/**
 * Members try each other's public addresses, as clients would reach them, and tell each other what they found. A member
 * reports of itself what nobody reaches; placement keeps clients away from it, and everybody sees why.
 */
export class ReachabilityProber {
  readonly #options: ReachabilityProberOptions;
  readonly #targets = new Map<MemberId, Target>();
  readonly #verdicts = new ReachabilityVerdicts(verdictGoodForMs);
  readonly #ended = new AbortController();
  readonly #stops: (() => void)[];
  readonly #review: Timer;
  /** What of it people have been told last. */
  #logged = '';

  constructor(options: ReachabilityProberOptions) {
    const { bus, membership, clock } = options;
    this.#options = options;
    this.#stops = [
      bus.serve(reachedService, (body, from) => this.#found(body, from.member)),
      membership.onChange(() => this.#follow()),
    ];
    // What was found grows old, and the own address may have changed.
    this.#review = clock.every(probeEveryMs, () => this.#judge());
    this.#follow();
  }

  stop(): void {
    this.#ended.abort();
    this.#review.cancel();
    for (const stop of this.#stops.splice(0)) stop();
    for (const { timer } of this.#targets.values()) timer.cancel();
    this.#targets.clear();
  }

  /** Takes up new members, and those that are to be reached elsewhere now. */
  #follow(): void {
    const { membership, clock, random } = this.#options;
    const infos = new Map(membership.members().map(({ info }) => [info.id, info]));
    const targets = new Set(probeTargets(membership.self.id, [...infos.keys()]));
    for (const [id, { timer }] of this.#targets) {
      if (targets.has(id)) continue;
      timer.cancel();
      this.#targets.delete(id);
    }
    for (const id of targets) {
      const fingerprint = fingerprintOf(infos.get(id)!);
      const known = this.#targets.get(id);
      if (known?.fingerprint === fingerprint) continue;
      known?.timer.cancel();
      const timer = clock.after(random.below(firstProbeWithinMs), () => void this.#probe(id, fingerprint));
      this.#targets.set(id, { fingerprint, timer });
    }
  }

  async #probe(id: MemberId, fingerprint: string): Promise<void> {
    const { network, bus, membership, clock, random } = this.#options;
    const info = membership.find(id)?.info;
    if (info === undefined) return;
    const results = await probePorts(network, info, this.#ended.signal);
    const target = this.#targets.get(id);
    if (this.#ended.signal.aborted || target?.fingerprint !== fingerprint) return;
    bus.send({ member: info.member, boot: info.boot }, reachedService, { address: info.publicAddress, results });
    const everyMs = results.some(({ cause }) => cause !== '') ? probeFailedEveryMs : probeEveryMs;
    const jitterMs = everyMs * jitterShare;
    const delayMs = everyMs - jitterMs + random.below(2 * jitterMs);
    target.timer = clock.after(delayMs, () => void this.#probe(id, fingerprint));
  }

  #found(body: unknown, by: MemberId): void {
    const found = parseFound(body);
    // Who is not in the list (left meanwhile) has no say.
    if (found === undefined || this.#options.membership.find(by) === undefined) return;
    this.#verdicts.found(by, found.address, found.results, this.#options.clock.nowMs());
    this.#judge();
  }

  #judge(): void {
    const { membership, clock, logger } = this.#options;
    const { publicAddress, publicPorts } = membership.self;
    const { ports, cause } = this.#verdicts.unreachable(publicAddress, publicPorts, clock.nowMs());
    const toLog = ports.length === 0 ? '' : `${publicAddress} ${ports.join()}`;
    if (toLog !== this.#logged) {
      if (toLog === '') logger.info({ publicAddress }, 'other members reach every public port again');
      else logger.warn({ publicAddress, ports, cause }, 'other members do not reach public ports');
    }
    this.#logged = toLog;
    membership.setUnreachable(ports, cause);
  }
}

const fingerprintOf = ({ boot, publicAddress, publicPorts, certificate }: MemberInfo): string =>
  [boot, publicAddress, publicPorts.join(), certificate].join(' ');

function parseFound(body: unknown): { address: string; results: PortResult[] } | undefined {
  const { address, results } = asObject(body) ?? {};
  if (!isText(address) || !Array.isArray(results) || results.length > resultsMax) return undefined;
  const parsed = results.flatMap((result: unknown) => {
    const { port, cause } = asObject(result) ?? {};
    return isCount(port) && isText(cause) ? [{ port, cause: cause.slice(0, causeMaxChars) }] : [];
  });
  return { address, results: parsed };
}
