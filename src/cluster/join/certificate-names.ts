/** Names in a server's certificate, decided by who signs and never by who asks. */
export function certificateNames(
  serverName: string,
  addresses: readonly string[],
): { readonly commonName: string; readonly dnsNames: readonly string[]; readonly addresses: readonly string[] } {
  return {
    commonName: serverName,
    // "_" is no letter of a DNS name, but OpenSSL compares it as one.
    dnsNames: [serverName, 'localhost'],
    addresses: [...new Set([...addresses, '127.0.0.1', '::1'])],
  };
}
