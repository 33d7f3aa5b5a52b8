import { parseDecimal } from './characters.ts';
import { HeaderId } from './header-id.ts';
import { messageLimits } from './limits.ts';
import { Malformed } from './malformed.ts';
import { parseNameAddr, type NameAddr } from './name-addr.ts';
import type { SipMessage } from './sip-message.ts';
import { parseValued, type Valued } from './valued.ts';

/** RFC 4028 §4. */
export interface SessionExpiresField {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

export function sessionExpires(message: SipMessage): SessionExpiresField | Malformed | undefined {
  const valued = valuedOf(message, HeaderId.SessionExpires);
  if (valued === undefined || valued instanceof Malformed) return valued;
  const seconds = number(valued.value);
  if (seconds === undefined) return new Malformed('a bad Session-Expires', 0);
  const refresher = valued.param('refresher')?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** Seconds, RFC 4028 §5. */
export function minSe(message: SipMessage): number | undefined {
  const valued = valuedOf(message, HeaderId.MinSe);
  return valued === undefined || valued instanceof Malformed ? undefined : number(valued.value);
}

/** Names a dialog: Replaces (RFC 3891), Target-Dialog (RFC 4538; its tags are the sender's), Join (RFC 3911). */
export interface DialogField {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly isEarlyOnly: boolean;
}

export function replaces(message: SipMessage): DialogField | Malformed | undefined {
  return dialogField(message, HeaderId.Replaces, 'to-tag', 'from-tag');
}

export function join(message: SipMessage): DialogField | Malformed | undefined {
  return dialogField(message, HeaderId.Join, 'to-tag', 'from-tag');
}

export function targetDialog(message: SipMessage): DialogField | Malformed | undefined {
  return dialogField(message, HeaderId.TargetDialog, 'local-tag', 'remote-tag');
}

function dialogField(
  message: SipMessage,
  id: HeaderId,
  toName: string,
  fromName: string,
): DialogField | Malformed | undefined {
  const valued = valuedOf(message, id);
  if (valued === undefined || valued instanceof Malformed) return valued;
  const toTag = valued.param(toName);
  const fromTag = valued.param(fromName);
  if (toTag === undefined || fromTag === undefined) return new Malformed('a dialog without its tags', 0);
  return { callId: valued.value, toTag, fromTag, isEarlyOnly: valued.param('early-only') !== undefined };
}

/** Seconds (RFC 3261 §20.33); a comment and `duration` are left out. */
export function retryAfter(message: SipMessage): number | undefined {
  const digits = /^\d+/.exec(message.value(HeaderId.RetryAfter) ?? '')?.[0];
  return digits === undefined ? undefined : number(digits);
}

export function contentType(message: SipMessage): Valued | Malformed | undefined {
  return valuedOf(message, HeaderId.ContentType);
}

/** `application/sdp` in lower case, without parameters; undefined where there is none, or a bad one. */
export function mediaType(message: SipMessage): string | undefined {
  const type = contentType(message);
  return type === undefined || type instanceof Malformed ? undefined : type.value.toLowerCase();
}

/** RFC 3262 §7.2. */
export interface RAckField {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

export function rack(message: SipMessage): RAckField | Malformed | undefined {
  const value = message.value(HeaderId.RAck);
  if (value === undefined) return undefined;
  const [rseqText, cseqText, method, more] = value.split(/[ \t]+/);
  const rseq = number(rseqText ?? '');
  const cseq = number(cseqText ?? '');
  if (rseq === undefined || cseq === undefined || method === undefined || more !== undefined || !isMax32(rseq, cseq)) {
    return new Malformed('a bad RAck', 0);
  }
  return { rseq, cseq, method };
}

const isMax32 = (...values: number[]): boolean => values.every((value) => value <= messageLimits.maxCSeq);

/** RFC 3326. */
export interface ReasonField {
  /** As written: `SIP`, `Q.850`, … */
  readonly protocol: string;
  readonly cause: number | undefined;
  readonly text: string | undefined;
}

/** Bad ones are left out. */
export function reasons(message: SipMessage): ReasonField[] {
  return message.elements(HeaderId.Reason).flatMap((element) => {
    const valued = parseValued(element);
    if (valued instanceof Malformed) return [];
    return [{ protocol: valued.value, cause: number(valued.param('cause') ?? ''), text: valued.param('text') }];
  });
}

/** RFC 3515 §2.1. */
export function referTo(message: SipMessage): NameAddr | Malformed | undefined {
  return addressOf(message, HeaderId.ReferTo, 'Refer-To');
}

/** RFC 3892 §3. */
export function referredBy(message: SipMessage): NameAddr | Malformed | undefined {
  return addressOf(message, HeaderId.ReferredBy, 'Referred-By');
}

function addressOf(message: SipMessage, id: HeaderId, field: string): NameAddr | Malformed | undefined {
  const value = message.value(id);
  if (value === undefined) return undefined;
  const address = parseNameAddr(value, 0, value.length, field);
  if (address instanceof Malformed || address.end === value.length) return address;
  return new Malformed(`${field} with more than one address`, address.end);
}

/** RFC 8224 §4: the token and its parameters `info`, `alg`, `ppt`. */
export function identities(message: SipMessage): (Valued | Malformed)[] {
  return message.elements(HeaderId.Identity).map((element) => parseValued(element));
}

function valuedOf(message: SipMessage, id: HeaderId): Valued | Malformed | undefined {
  const value = message.value(id);
  return value === undefined ? undefined : parseValued(value);
}

function number(text: string): number | undefined {
  const value = parseDecimal(text, 0, text.length);
  return value < 0 ? undefined : value;
}
