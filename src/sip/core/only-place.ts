import { isIpAddress } from '#base';
import { isReachedByContact, type Binding } from '../registrar/binding.ts';

/** A contact that is reached by UDP at the address in it. */
export interface ContactPlace {
  /** What becomes the Request-URI. */
  readonly uriText: string;
  readonly address: string;
  readonly port: number;
}

const scheme = 'sip:';
const udp = 'transport=udp';
const usualPort = 5060;

/**
 * Where an account is that is at one place: what `bindingTargets` and a locator would make of its bindings. undefined: they have to
 * be asked.
 */
export function onlyPlaceOf(bindings: readonly Binding[]): ContactPlace | undefined {
  const binding = bindings[0];
  if (binding === undefined || bindings.length > 1 || binding.path.length > 0) return undefined;
  return isReachedByContact(binding) ? placeOf(binding.uri) : undefined;
}

/** Of `sip:user@192.0.2.1:5060`, perhaps with parameters that say nothing of the way. */
function placeOf(uri: string): ContactPlace | undefined {
  if (!uri.startsWith(scheme)) return undefined;
  const user = uri.indexOf('@');
  const hostStart = user < 0 ? scheme.length : user + 1;
  let hostEnd = hostStart;
  while (isAddressCode(uri.charCodeAt(hostEnd))) hostEnd++;
  let port = 0;
  let end = hostEnd;
  if (uri.charCodeAt(end) === 0x3a) {
    for (end++; isDigitCode(uri.charCodeAt(end)); end++) port = port * 10 + uri.charCodeAt(end) - 0x30;
    if (port < 1 || port > 65_535) return undefined;
  }
  if (end < uri.length && !isHarmless(uri, end)) return undefined;
  const address = uri.slice(hostStart, hostEnd);
  if (!isIpAddress(address) || !isAscii(uri)) return undefined;
  return { uriText: uri, address, port: port === 0 ? usualPort : port };
}

/** Parameters, and none that names a transport other than UDP, another place or a method; and no header fields. */
function isHarmless(uri: string, start: number): boolean {
  if (uri.charCodeAt(start) !== 0x3b || uri.includes('?', start)) return false;
  const params = uri.slice(start).toLowerCase();
  if (params.includes('maddr') || params.includes('method')) return false;
  const at = params.indexOf('transport');
  if (at < 0) return true;
  const after = params.charCodeAt(at + udp.length);
  return params.startsWith(udp, at) && !(after > 0x3b) && params.indexOf('transport', at + 1) < 0;
}

const isDigitCode = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isAddressCode = (code: number): boolean => isDigitCode(code) || code === 0x2e;

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) > 0x7e) return false;
  return true;
}
