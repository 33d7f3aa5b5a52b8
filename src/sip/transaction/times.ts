/** What an administrator may set; RFC 3261 table 4 has the defaults. Milliseconds. */
export interface TimerSettings {
  /** Estimated round trip. Default 500. */
  readonly t1Ms: number;
  /** Longest time between two retransmissions of what is not an INVITE request. Default 4000. */
  readonly t2Ms: number;
  /** Longest time that a message stays in the network. Default 5000. */
  readonly t4Ms: number;
  /** How long an INVITE waits for a first response (timer B). Default 64 × T1. */
  readonly timerBMs?: number;
  /** How long other requests wait for a final response (timer F). Default 64 × T1. */
  readonly timerFMs?: number;
}

export const defaultTimerSettings: TimerSettings = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** The timers that end a state, in milliseconds; 0 = the state is over at once. */
export interface Times {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly b: number;
  readonly d: number;
  readonly f: number;
  readonly h: number;
  readonly i: number;
  readonly j: number;
  readonly k: number;
  readonly l: number;
  readonly m: number;
}

/** RFC 3261 §17.1.1.2: timer D is "at least 32 seconds". */
const MIN_TIMER_D_MS = 32_000;

/** RFC 3261 table 4 with L and M of RFC 6026 §8.4: one set for datagrams, one for connections, which lose nothing. */
export function timesFor(settings: TimerSettings, isReliable: boolean): Times {
  const { t1Ms, t2Ms, t4Ms, timerBMs, timerFMs } = settings;
  const longMs = 64 * t1Ms;
  const linger = (ms: number): number => (isReliable ? 0 : ms);
  return {
    t1Ms,
    t2Ms,
    b: timerBMs ?? longMs,
    d: linger(Math.max(MIN_TIMER_D_MS, longMs)),
    f: timerFMs ?? longMs,
    h: longMs,
    i: linger(t4Ms),
    j: linger(longMs),
    k: linger(t4Ms),
    l: longMs,
    m: longMs,
  };
}
