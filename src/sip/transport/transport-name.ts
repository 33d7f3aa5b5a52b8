/** As in the configuration and in our own texts. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export const transportNames: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

/** As in the Via header field (RFC 3261 §20.42, RFC 7118 §5.2.1). */
export const viaTransport: Readonly<Record<TransportName, string>> = {
  udp: 'UDP',
  tcp: 'TCP',
  tls: 'TLS',
  ws: 'WS',
  wss: 'WSS',
};

/** RFC 3261 §18: what is sent arrives, or the connection ends. No retransmissions are needed. */
export const isReliable = (transport: TransportName): boolean => transport !== 'udp';

export const isSecure = (transport: TransportName): boolean => transport === 'tls' || transport === 'wss';

/** RFC 3261 §19.1.2; WebSocket: RFC 7118 §5.2.4 leaves them to HTTP, whose ports only DNS or a URI can change. */
export const defaultPort: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/** `UDP`, `tcp`, … to its name; undefined = none of ours. */
export function parseTransport(text: string): TransportName | undefined {
  const name = text.toLowerCase();
  return transportNames.find((one) => one === name);
}
