import type { MediaSummary } from '#media';

/**
 * How a call ended. `refused`: by the other side, or because nobody is there; `unanswered`: it rang until a time was over (408, or
 * 487 without a CANCEL); `failed`: a server could not bring it there (5xx). `silence`: nothing of its media came any more, from neither side. `unknown`: no BYE came through this
 * server, or it was stopped while the call was up.
 */
export type CallEnd = 'caller' | 'callee' | 'cancelled' | 'refused' | 'unanswered' | 'failed' | 'silence' | 'unknown';

/** One call, as it is written: times are ISO 8601 in UTC. */
export interface CallRecord {
  readonly start: string;
  /** The first 180 or other sign of ringing. */
  readonly ring?: string;
  readonly answer?: string;
  readonly end: string;
  /** Seconds from answer to end, with milliseconds; 0 for a call that was not answered. */
  readonly durationS: number;
  readonly endedBy: CallEnd;
  /** The final response to the INVITE. */
  readonly status: number;
  /** URIs of From, To and Request-URI, as received. */
  readonly from: string;
  readonly to: string;
  readonly requestUri: string;
  readonly callId: string;
  /** The account that the caller has proven to be; absent: not one of ours. */
  readonly account?: string;
  /** Where the INVITE came from: `udp 192.0.2.1:5060`. */
  readonly source: string;
  /** The member that forwarded it. */
  readonly member: string;
  /** What was relayed of its media; absent: nothing. */
  readonly media?: MediaSummary;
}
