import { ErrorCode, errorText } from '../codec/error-codes.ts';

/**
 * `unreachable`: no connection. `untrusted`: the server's certificate is not to be believed. `refused`: the server said no.
 * `protocol`: it does not speak as a SoftEther server does, or ended the connection in the middle.
 */
export type FailureKind = 'unreachable' | 'untrusted' | 'refused' | 'protocol';

/** Why there is no session. */
export interface ClientFailure {
  readonly kind: FailureKind;
  /** For people: what was tried, with the reason. */
  readonly message: string;
  /** SoftEther error number; 0 where the server gave none. */
  readonly code: number;
  /** Trying again soon makes sense: nothing has to be changed by a person first. */
  readonly healsByWaiting: boolean;
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ClientFailure };

export const success = <T>(value: T): Result<T> => ({ ok: true, value });

/** Numbers that the same log-in gets again until somebody changes the account, the server or the command line. */
const hopelessCodes: ReadonlySet<number> = new Set([
  ErrorCode.SERVER_IS_NOT_VPN,
  ErrorCode.PROTOCOL_ERROR,
  ErrorCode.AUTHTYPE_NOT_SUPPORTED,
  ErrorCode.HUB_NOT_FOUND,
  ErrorCode.AUTH_FAILED,
  ErrorCode.ACCESS_DENIED,
  ErrorCode.NOT_SUPPORTED,
  ErrorCode.NULL_PASSWORD_LOCAL_ONLY,
  ErrorCode.NOT_ENOUGH_RIGHT,
  ErrorCode.VERSION_INVALID,
  ErrorCode.MONITOR_MODE_DENIED,
  ErrorCode.BRIDGE_MODE_DENIED,
  ErrorCode.IP_ADDRESS_DENIED,
  ErrorCode.AUTO_DISCONNECTED,
  ErrorCode.CLIENT_ID_REQUIRED,
  ErrorCode.MSCHAP2_PASSWORD_NEED_RESET,
]);

const failed = (failure: ClientFailure): { readonly ok: false; readonly failure: ClientFailure } => ({
  ok: false,
  failure,
});

export const unreachable = (message: string): Result<never> =>
  failed({ kind: 'unreachable', message, code: 0, healsByWaiting: true });

export const untrusted = (message: string, healsByWaiting = false): Result<never> =>
  failed({ kind: 'untrusted', message, code: 0, healsByWaiting });

export const protocolFailure = (message: string): Result<never> =>
  failed({ kind: 'protocol', message, code: 0, healsByWaiting: true });

/** `server`: its name, for the message. */
export function refusal(server: string, code: number): ClientFailure {
  const message = `${server} refuses: ${errorText(code)} (error ${code})`;
  return { kind: 'refused', message, code, healsByWaiting: !hopelessCodes.has(code) };
}

export const refused = (server: string, code: number): Result<never> => failed(refusal(server, code));
