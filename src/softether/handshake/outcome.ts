import type { AdminLogin } from '../admin-connection-handler.ts';
import type { StreamDirection } from '../codec/additional-connect.ts';
import type { Pack } from '../codec/pack.ts';
import type { SoftEtherSession } from '../session.ts';

/** What a method handler wants done with the connection. The connection does it. */
export type Outcome =
  /** `error` with this number; one more PACK is read, then the connection is closed. */
  | {
      readonly kind: 'refuse';
      readonly code: number;
      /** The client must not keep the password that it asked its user for. */
      readonly noSavePassword: boolean;
    }
  /** The answer, one more PACK is read, then the connection is closed. */
  | { readonly kind: 'answer'; readonly answer: Pack }
  /** The answer, then the connection is a socket of the session. */
  | {
      readonly kind: 'session';
      readonly answer: Pack;
      readonly session: SoftEtherSession;
      readonly direction: StreamDirection;
    }
  /** The answer, then RPC messages. */
  | { readonly kind: 'admin'; readonly answer: Pack; readonly login: AdminLogin };

export function refuse(code: number, noSavePassword = false): Outcome {
  return { kind: 'refuse', code, noSavePassword };
}
