/**
 * The OPTIONS with which a balancer asks one member whether it takes work. It names that member in the Request-URI and in
 * a Route, so the farm does not pass it on. Always the same text: the answer is given without a transaction, so a second
 * one is no retransmission.
 */
export function optionsRequest(address: string, port: number): string {
  const uri = `sip:${address}:${port}`;
  return [
    `OPTIONS ${uri} SIP/2.0`,
    // `rport`: the answer goes where the question came from, whatever stands in front of it.
    'Via: SIP/2.0/UDP balancer.invalid;rport;branch=z9hG4bKbalancer',
    `Route: <${uri};lr>`,
    'From: <sip:balancer@balancer.invalid>;tag=balancer',
    `To: <${uri}>`,
    `Call-ID: balancer-${address}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 0',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** How the answer of a member that takes work begins; one that drains answers 503. */
export const optionsAnswer = 'SIP/2.0 200';
