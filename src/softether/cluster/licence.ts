import type { LicenceKind } from './place-order.ts';

/** SoftEther protocol §9.10: with bridge rights a bridge licence, else a client licence; this very machine takes none. */
export function licenceOf(session: {
  readonly isAdministrator: boolean;
  readonly isLocalhost: boolean;
  readonly isBridgeMode: boolean;
}): LicenceKind {
  if (session.isAdministrator || session.isLocalhost) return 'none';
  return session.isBridgeMode ? 'bridge' : 'client';
}

/** How members call a client's machine to each other; empty stays empty. */
export const machineOf = (uniqueIdText: string): string => Buffer.from(uniqueIdText, 'latin1').toString('hex');
