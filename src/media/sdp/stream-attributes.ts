import { badSdp, type BadSdp } from './bad-sdp.ts';
import { parseConnection, type Connection } from './connection.ts';
import { sdpLimits } from './limits.ts';
import type { SdpLine } from './lines.ts';
import type { Candidate, ControlAttribute, Direction, MediaDescription } from './media-description.ts';

/** What a section (the session's, or a stream's) says of those things that a stream has from either. */
export interface SectionFacts {
  connection: Connection | undefined;
  direction: Direction | undefined;
  hasIce: boolean;
  isEncrypted: boolean;
}

export interface StreamFacts extends SectionFacts {
  control: ControlAttribute | undefined;
  isMuxed: boolean;
  mid: string | undefined;
  isBundleOnly: boolean;
  readonly candidates: Candidate[];
}

export function noFacts(): StreamFacts {
  return {
    connection: undefined,
    direction: undefined,
    hasIce: false,
    isEncrypted: false,
    control: undefined,
    isMuxed: false,
    mid: undefined,
    isBundleOnly: false,
    candidates: [],
  };
}

/** Takes one line into account; lines that say nothing for a relay are passed over. */
export function readLine(facts: StreamFacts, text: string, line: SdpLine): void {
  if (line.type === 'c') facts.connection ??= parseConnection(text, line);
  else if (line.type === 'a') readAttribute(facts, text, line);
}

function readAttribute(facts: StreamFacts, text: string, line: SdpLine): void {
  const name = attributeName(text, line);
  const value = text.slice(Math.min(line.valueStart + name.length + 1, line.end), line.end);
  switch (name) {
    case 'sendrecv':
    case 'sendonly':
    case 'recvonly':
    case 'inactive':
      facts.direction ??= name;
      break;
    case 'rtcp':
      facts.control ??= parseControl(line, value);
      break;
    case 'rtcp-mux':
    case 'rtcp-mux-only':
      facts.isMuxed = true;
      break;
    case 'ice-ufrag':
      facts.hasIce = true;
      break;
    case 'crypto':
    case 'fingerprint':
      facts.isEncrypted = true;
      break;
    case 'mid':
      facts.mid ??= value;
      break;
    case 'bundle-only':
      facts.isBundleOnly = true;
      break;
    case 'candidate':
      readCandidate(facts.candidates, value);
      break;
  }
}

/** Of an a= line: what stands before the colon. */
export function attributeName(text: string, line: SdpLine): string {
  const value = text.slice(line.valueStart, line.end);
  const colon = value.indexOf(':');
  return colon < 0 ? value : value.slice(0, colon);
}

/** `53020`, `53020 IN IP4 126.16.64.4` */
function parseControl(line: SdpLine, value: string): ControlAttribute | undefined {
  const [portText = '', net, type, address] = value.split(' ');
  const port = parsePort(portText);
  if (port === undefined) return undefined;
  const hasAddress = net === 'IN' && (type === 'IP4' || type === 'IP6') && address !== undefined && address !== '';
  return { line, port, address: hasAddress ? address : undefined };
}

/** `<foundation> <component> <transport> <priority> <address> <port> typ <type> …` */
function readCandidate(candidates: Candidate[], value: string): void {
  if (candidates.length === sdpLimits.candidates) return;
  const [, component = '', transport = '', , address = '', portText = ''] = value.split(' ', 6);
  const port = parsePort(portText);
  if (port === undefined || !/^\d{1,3}$/.test(component) || address === '') return;
  candidates.push({ component: Number(component), isUdp: transport.toLowerCase() === 'udp', address, port });
}

export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** `m=<media> <port>[/<count>] <protocol> <formats>` (RFC 4566 §5.14). */
export function readMediaLine(
  text: string,
  line: SdpLine,
): Pick<MediaDescription, 'media' | 'port' | 'portCount' | 'portStart' | 'portEnd' | 'protocol'> | BadSdp {
  const [media = '', portText = '', protocol = ''] = text.slice(line.valueStart, line.end).split(' ', 3);
  const [first = '', countText] = portText.split('/', 2);
  const port = parsePort(first);
  const portCount = countText === undefined ? 1 : parsePort(countText);
  if (media === '' || port === undefined || portCount === undefined || protocol === '') {
    return badSdp('an m= line without media, port or protocol', line.start);
  }
  const portStart = line.valueStart + media.length + 1;
  return { media, port, portCount, portStart, portEnd: portStart + portText.length, protocol };
}
