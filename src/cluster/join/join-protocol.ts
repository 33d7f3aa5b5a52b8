import type { ByteStream } from '#io';

/** Offered by who joins, spoken by every listener. */
export const joinAlpn = 'hubfarm-join';
/** Both sides must speak the same. */
export const joinProtocol = 1;

const SESSION_BYTES = 32;
const exporterLabel = 'EXPORTER-hubfarm-join';

/**
 * What only the ends of this TLS session know: who sits in the middle has two sessions, and what one side proves in the
 * one does not fit the other. undefined = not TLS 1.3 with our protocol.
 */
export function sessionBinding({ tls }: ByteStream): Buffer | undefined {
  if (tls?.alpn !== joinAlpn || tls.protocol !== 'TLSv1.3') return undefined;
  return tls.exportKeyingMaterial?.(exporterLabel, SESSION_BYTES);
}

/** What a server signs with its old key to be taken for itself; good in this session only. */
export const oldKeyStatement = (purpose: 'rejoin' | 'leave', serverName: string, session: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`hubfarm cluster ${purpose} ${serverName}\n`), session]);
