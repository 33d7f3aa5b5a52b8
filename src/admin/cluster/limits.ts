/** How long an administrator waits for the members of the cluster; who has not answered by then is left out. */
export const ANSWER_TIMEOUT_MS = 4_000;
/** How long he waits where he has ordered something, or needs to know what is so at this moment. */
export const ORDER_TIMEOUT_MS = 10_000;
/** An answer of a member serves everybody who asks the same within this time: pages that poll do not burden members. */
export const ANSWER_MAX_AGE_MS = 1_000;
/** Answers kept for that; at the cap all are forgotten. */
export const MAX_KEPT_ANSWERS = 1_024;

/** Longer answers travel in pieces of so many characters: lists of a hub with 100,000 sessions are long. */
export const PIECE_CHARACTERS = 256 * 1_024;
/** How long the rest of an answer waits to be fetched. */
export const REST_MAX_AGE_MS = 5_000;
/** Rests that wait at a member; at the cap the oldest is forgotten, and who asked for it gets no answer. */
export const MAX_RESTS = 16;
