import { isLoopback } from '#base';
import type { MethodRequest } from './context.ts';

/** SoftEther protocol §4.3: the client runs on this very machine. */
export function isLocalhost({ remote, local }: Pick<MethodRequest, 'remote' | 'local'>): boolean {
  return isLoopback(remote.address) || remote.address === local.address;
}
