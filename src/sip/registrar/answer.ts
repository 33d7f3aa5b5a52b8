import type { HeaderId } from '../message/header-id.ts';

/** A final response as it will be built: what to say, and with which header fields. */
export interface Answer {
  readonly status: number;
  /** Absent: the usual phrase. */
  readonly reason?: string;
  readonly headers: readonly (readonly [name: HeaderId, value: string])[];
}
