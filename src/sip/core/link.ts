import type { Incoming } from '../proxy/incoming.ts';

/** `answered`: the request is dealt with, no further link sees it. */
export type Verdict = 'answered' | 'next';

/** One thing that is looked at in every new request. It answers, changes what is known of the request, or passes on. */
export type Link = (incoming: Incoming) => Verdict;
