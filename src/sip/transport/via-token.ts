const UDP_TOKEN = Buffer.from('SIP/2.0/UDP');
const TRANSPORT_AT = 'SIP/2.0/'.length;

/** A request of ours for UDP, as it goes by TCP (RFC 3261 §18.1.1): its top Via says so. Both names have three letters. */
export function forTcp(request: Buffer): Buffer | undefined {
  // Our own Via is the first in the message.
  const at = request.indexOf(UDP_TOKEN);
  if (at < 0) return undefined;
  const changed = Buffer.from(request);
  changed.write('TCP', at + TRANSPORT_AT, 'latin1');
  return changed;
}
