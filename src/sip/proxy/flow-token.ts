import { formatIpAddress, parseIpAddress } from '#base';
import { hex8At } from '../message/hex8.ts';
import type { ShortMac } from '../transaction/short-mac.ts';
import type { Target } from '../transport/target.ts';
import { transportNames } from '../transport/transport-name.ts';
import type { TokenPlaces } from './token-places.ts';

/** What `hf=` in a Record-Route or Path of ours says. */
export interface FlowToken {
  /** Which member wrote it: the one that knows the dialog. */
  readonly member: string;
  /** The flow that leads to the party on that side (RFC 5626 §5.3), of whatever member; undefined: its Contact is good enough. */
  readonly flow: Target | undefined;
  /** Marks of the hosts that the dialog leads to where there is no flow; see `FlowTokens.leadsTo`. */
  readonly hosts: string;
  /** `firstMark` of the INVITE that it was written for; empty: it was another request. */
  readonly first: string;
}

const NO_FLOW = '-';
const MARK_CHARS = 8;
const HEX_CHARS = 8;
const none: readonly string[] = Object.freeze([]);
/** In the place of the Call-ID in the token of a Path, which is used for many calls. */
export const PATH_SCOPE = '';

/**
 * `<member>.<flow>.<mac>`: the parameter `hf` of our Record-Route and Path URIs. The MAC is over the Call-ID, too, so a
 * request that carries it belongs to a dialog that was set up through this farm: it may pass without being asked who
 * sends it. A flow is `<transport>-<socket>-<connection>-<address>-<port>`, with the member that holds it if that is not the
 * one that wrote the token, so any member knows where it leads. Where there is none, `-` and marks of the hosts of that side, eight
 * digits each: else a party of some call could send requests under its Call-ID to all the world. In a call, behind that and
 * a dot, `firstMark` of its INVITE.
 */
export class FlowTokens {
  readonly #member: string;
  readonly #mac: ShortMac;

  constructor(member: string, mac: ShortMac) {
    this.#member = member;
    this.#mac = mac;
  }

  /** `scope`: the Call-ID, or `PATH_SCOPE`; `hosts`: where requests of the dialog go to, addresses and names. */
  write(scope: string, flow: Target | undefined, hosts: Iterable<string> = none, first = ''): string {
    const way = flow === undefined ? this.#marks(hosts) : writeFlow(flow);
    const text = first === '' ? way : `${way}.${first}`;
    return `${this.#member}.${text}.${this.#seal(this.#member, text, scope)}`;
  }

  /** undefined: not ours, changed, or of another call. */
  read(token: string, scope: string): FlowToken | undefined {
    const flowAt = token.indexOf('.') + 1;
    const macAt = token.lastIndexOf('.') + 1;
    if (flowAt === 0 || macAt <= flowAt) return undefined;
    const member = token.slice(0, flowAt - 1);
    const text = token.slice(flowAt, macAt - 1);
    if (token.slice(macAt) !== this.#seal(member, text, scope)) return undefined;
    const dot = text.indexOf('.');
    const way = dot < 0 ? text : text.slice(0, dot);
    const first = dot < 0 ? '' : text.slice(dot + 1);
    if (way.startsWith(NO_FLOW)) return { member, flow: undefined, hosts: way.slice(NO_FLOW.length), first };
    return { member, flow: readFlow(way, member, this.#member), hosts: '', first };
  }

  /** Of a token that is read from its bytes, as is the Call-ID: it is ours, and of this call. */
  isSealed(bytes: Uint8Array, token: TokenPlaces, callIdStart: number, callIdEnd: number): boolean {
    const { memberStart, memberEnd, wayStart, textEnd, macStart, end } = token;
    const mac = this.#mac.begin().text('flow').bytes(bytes, memberStart, memberEnd);
    const seal = mac.bytes(bytes, wayStart, textEnd).bytes(bytes, callIdStart, callIdEnd).finish();
    return end === macStart + HEX_CHARS && hex8At(bytes, macStart) === seal;
  }

  /** `firstMark` of what is read from its bytes is in the token. */
  isFirst(bytes: Uint8Array, token: TokenPlaces, fromTagStart: number, fromTagEnd: number, cseq: number): boolean {
    const { firstStart, textEnd } = token;
    const mark = this.#mac.begin().text('first').bytes(bytes, fromTagStart, fromTagEnd).number(cseq).finish();
    return textEnd === firstStart + HEX_CHARS && hex8At(bytes, firstStart) === mark;
  }

  /**
   * Of an INVITE that makes a dialog and of the ACK for its 2xx: who sends it, and the number in its CSeq. The ACK for any
   * answer to a later INVITE has another one.
   */
  firstMark(fromTag: string, cseq: number): string {
    return this.#mac.begin().text('first').text(fromTag).number(cseq).finishHex();
  }

  /** The host is one of those that the token was written for. */
  leadsTo(hosts: string, host: string): boolean {
    if (hosts === '') return false;
    const mark = this.#mark(host);
    for (let at = 0; at < hosts.length; at += MARK_CHARS) if (hosts.startsWith(mark, at)) return true;
    return false;
  }

  #marks(hosts: Iterable<string>): string {
    let text = NO_FLOW;
    for (const host of hosts) text += this.#mark(host);
    return text;
  }

  #mark(host: string): string {
    return this.#mac.begin().text('host').text(host.toLowerCase()).finishHex();
  }

  #seal(member: string, flow: string, scope: string): string {
    return this.#mac.begin().text('flow').text(member).text(flow).text(scope).finishHex();
  }
}

function writeFlow({ transport, socketId = 0, connectionId = 0, address, port, member }: Target): string {
  const bytes = parseIpAddress(address) ?? Buffer.alloc(0);
  const numbers = [transportNames.indexOf(transport), socketId, connectionId].map((number) => number.toString(36));
  const holder = member === undefined ? '' : `-${member}`;
  return `${numbers.join('-')}-${bytes.toString('hex')}-${port.toString(36)}${holder}`;
}

function readFlow(text: string, writer: string, self: string): Target | undefined {
  const [transportText = '', socketText = '', connectionText = '', addressText = '', portText = '', holder = writer] =
    text.split('-', 6);
  const transport = transportNames[Number.parseInt(transportText, 36)];
  const address = formatIpAddress(Buffer.from(addressText, 'hex'));
  if (transport === undefined || address === undefined) return undefined;
  const connectionId = Number.parseInt(connectionText, 36);
  return {
    transport,
    address,
    port: Number.parseInt(portText, 36),
    socketId: Number.parseInt(socketText, 36),
    ...(connectionId > 0 && { connectionId }),
    ...(holder !== self && { member: holder }),
  };
}
