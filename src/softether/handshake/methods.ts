import type { Method } from '../codec/method.ts';
import { additionalConnect } from './additional-connect.ts';
import { admin } from './admin.ts';
import type { ConnectionType } from '../connection-info.ts';
import type { MethodHandler } from './context.ts';
import { enumHub } from './enum-hub.ts';
import { login } from './login.ts';
import { password } from './password.ts';

export interface MethodEntry {
  readonly handler: MethodHandler;
  /** What the connection counts as from now on. */
  readonly type: ConnectionType;
}

/** Every method that a client may name in its first PACK after the Hello; all others are answered with error 4. */
export const methodTable: Readonly<Partial<Record<Method, MethodEntry>>> = {
  login: { handler: login, type: 'login' },
  additional_connect: { handler: additionalConnect, type: 'additional' },
  enum_hub: { handler: enumHub, type: 'enumHub' },
  password: { handler: password, type: 'password' },
  admin: { handler: admin, type: 'adminRpc' },
};
