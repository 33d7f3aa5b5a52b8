import type { SipMessage } from '../message/sip-message.ts';

/** Who wants to know how an INVITE that makes a dialog goes: call records. */
export interface CallObserver {
  /** 101 … 199. */
  provisional(status: number): void;
  /** The first 2xx. */
  answered(response: SipMessage): void;
  /** A final answer other than 2xx. */
  failed(status: number): void;
  /** Its caller has given up; a final answer follows. */
  cancelled(): void;
}
