/**
 * The link protocol between members. All numbers big-endian.
 *
 * frame       u32 length of what follows (1 to the cap), u8 kind, fields
 * hello     1 u16 version, u16 oldest version spoken, then texts: cluster id, member, boot, member that is called (empty in
 *             the answer). What follows is for later versions. First frame in each direction; the one who dialled begins.
 * memory    2 u32 number of the sender's memory of the receiver's calls. Second frame in each direction: with it the link is
 *             up. Another number than the last time = forgotten which calls have come.
 * refusal   3 u8 reason, text up to the end. Instead of hello; the link ends.
 * ping      4 u32 token; pong 5 the same token
 * call      6 u48 seq, u32 time-out in ms, service, JSON up to the end (nothing = undefined)
 * answer    7 u48 seq, JSON up to the end
 * refused   8 u48 seq, code, text up to the end: the handler threw
 * gone      9 u48 seq, text up to the end: nobody here knows it
 * overload 10 u48 seq, text up to the end: not run
 * send     11 service, JSON up to the end
 * acks     12 u48 lowest seq that still waits for an answer, then u48 for each answer above it that has come
 * goodbye  13 text up to the end: this boot ends
 *
 * Texts within a frame, service and code among them, are u8 length and UTF-8.
 */
export const kinds = {
  hello: 1,
  memory: 2,
  refusal: 3,
  ping: 4,
  pong: 5,
  call: 6,
  answer: 7,
  refused: 8,
  gone: 9,
  overload: 10,
  send: 11,
  acks: 12,
  goodbye: 13,
} as const;

export const LENGTH_BYTES = 4;
export const SEQ_BYTES = 6;
/** Of a text within a frame. */
export const MAX_TEXT_BYTES = 255;
/** Before the hello nobody is owed more. */
export const MAX_FIRST_FRAME_BYTES = 2048;

/** Why a link is refused. `duplicate`: there is one already. */
export const refusalReasons = ['other', 'version', 'cluster', 'identity', 'member', 'duplicate', 'full'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface HelloFrame {
  readonly kind: 'hello';
  readonly version: number;
  readonly oldestVersion: number;
  readonly cluster: string;
  readonly member: string;
  readonly boot: string;
  readonly called: string;
}

export type Frame =
  | HelloFrame
  | { readonly kind: 'memory'; readonly memory: number }
  | { readonly kind: 'refusal'; readonly reason: RefusalReason; readonly text: string }
  | { readonly kind: 'ping' | 'pong'; readonly token: number }
  | {
      readonly kind: 'call';
      readonly seq: number;
      readonly timeoutMs: number;
      readonly service: string;
      readonly json: string;
    }
  | { readonly kind: 'answer'; readonly seq: number; readonly json: string }
  | { readonly kind: 'refused'; readonly seq: number; readonly code: string; readonly text: string }
  | { readonly kind: 'gone' | 'overload'; readonly seq: number; readonly text: string }
  | { readonly kind: 'send'; readonly service: string; readonly json: string }
  | { readonly kind: 'acks'; readonly lowest: number; readonly above: readonly number[] }
  | { readonly kind: 'goodbye'; readonly text: string };

export type CallFrame = Extract<Frame, { kind: 'call' }>;
/** How a call ended at the one who was called. */
export type Outcome = Extract<Frame, { kind: 'answer' | 'refused' | 'gone' | 'overload' }>;
