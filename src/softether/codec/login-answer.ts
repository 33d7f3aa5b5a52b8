import { ErrorCode } from './error-codes.ts';
import { Pack } from './pack.ts';
import { decodeRedirect, isRedirect, type Redirect } from './redirect.ts';
import { decodeWelcome, type Welcome } from './welcome.ts';

/** What a server says to a `login`. */
export type LoginAnswer =
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  | { readonly kind: 'error'; readonly code: number; readonly noSavePassword: boolean };

/** An answer that says success but lacks what a session needs is a protocol error. */
export function decodeLoginAnswer(pack: Pack): LoginAnswer {
  const code = pack.int('error');
  if (code !== 0) return { kind: 'error', code, noSavePassword: pack.bool('no_save_password') };
  if (isRedirect(pack)) {
    const redirect = decodeRedirect(pack);
    return redirect === undefined ? malformed : { kind: 'redirect', redirect };
  }
  const welcome = decodeWelcome(pack);
  return welcome === undefined ? malformed : { kind: 'welcome', welcome };
}

const malformed: LoginAnswer = { kind: 'error', code: ErrorCode.PROTOCOL_ERROR, noSavePassword: false };

/** `noSavePassword` = the client must not keep the password that it asked its user for. */
export function encodeLoginError(code: number, noSavePassword = false): Pack {
  return new Pack().setInt('error', code).setBool('no_save_password', noSavePassword);
}

/** Any other refusal. */
export function encodeError(code: number): Pack {
  return new Pack().setInt('error', code);
}
