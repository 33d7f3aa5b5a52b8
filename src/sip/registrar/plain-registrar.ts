import { isIpAddress } from '#base';
import { maxContactsOf, type PackedAccount } from '../accounts/packed-account.ts';
import { TextPacker } from '../accounts/packed-text.ts';
import type { PlainDigest } from '../accounts/plain-digest.ts';
import { isSame, isText } from '../message/byte-ranges.ts';
import { isHidden } from '../proxy/nat.ts';
import { hex8, ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import { AnswerBytes } from './answer-bytes.ts';
import type { LocationService } from './location-service.ts';
import { registrarCaps, type RegistrarSettings } from './limits.ts';
import { PlainBinding } from './plain-binding.ts';
import { PlainRequest } from './plain-request.ts';
import type { RegistrarCounters, RegistrationOwner } from './registrar.ts';
import type { ContactChange, RegisterRequest } from './register-request.ts';

/** Where to answer, of a Via. */
export interface PlainVia {
  readonly host: string;
  readonly port: number | undefined;
  readonly rport: number | undefined;
  readonly maddr: undefined;
}

export interface PlainRegistrarOptions {
  readonly digest: PlainDigest;
  readonly location: LocationService;
  /** Of this member, which changes all accounts. */
  readonly registrations: Pick<RegistrationOwner, 'register'>;
  readonly settings: RegistrarSettings;
  readonly counters: RegistrarCounters;
  /** As bindings name this member. */
  readonly member: string;
  /** For the tags of answers: 8 bytes or more. */
  readonly key: Uint8Array;
}

/** What the server does for it. */
export interface PlainAnswers {
  respond(bytes: Buffer, hop: Hop, via: PlainVia): void;
  /** A final response has been given to a REGISTER. */
  answered(status: number): void;
}

const defaultPort = 5060;
/** In the place of an account that there is not: it takes as long to look at. */
const nobody: PackedAccount = '\x03' + '\0'.repeat(45);
const noPath: readonly string[] = Object.freeze([]);
const retryAfterS = 5;

type Wanted =
  /** Nothing but times go on. */
  | 'refresh'
  /** A binding that is new, or is another one now. */
  | 'store'
  /** What it asks for is there already: it is the request that did it, once more. */
  | 'repeated'
  | undefined;

/**
 * Plain REGISTER requests from their bytes to the bytes of the answer, beside the way that all other requests take: telephones
 * send little else, most of the time. It takes those that it knows how to end well: challenges, first registrations,
 * refreshes, and their repetitions. All that is wrong, refused, or more than plain it leaves as it is to the long way, which
 * has the last word: nothing has happened by then. Both ways have the same accounts, nonces and bindings.
 *
 * There is no transaction (RFC 3261 §17.2.2): a request that comes again has a nonce and a count that were used, the Call-ID
 * and CSeq of the binding that it made, and gets the same answer, made anew.
 */
export class PlainRegistrar {
  readonly #options: PlainRegistrarOptions;
  readonly #request = new PlainRequest();
  readonly #binding = new PlainBinding();
  readonly #packer = new TextPacker();
  readonly #out = new AnswerBytes();
  readonly #tags: ShortMac;
  readonly #serviceRoute: string;
  #host = '';
  #callId = '';
  #callWord = 0;

  constructor(options: PlainRegistrarOptions) {
    this.#options = options;
    this.#tags = new ShortMac(options.key);
    const { serviceRoute } = options.settings;
    this.#serviceRoute = serviceRoute.length === 0 ? '' : `Service-Route: ${serviceRoute.join(', ')}\r\n`;
  }

  /** A datagram. True: it is answered, or will be. False: nothing has been done with it. */
  take(bytes: Buffer, hop: Hop, answers: PlainAnswers): boolean {
    const request = this.#request;
    if (!request.read(bytes) || !this.#isForUs(request)) return false;
    this.#callId = bytes.toString('latin1', request.callIdStart, request.callIdEnd);
    const { digest } = this.#options;
    this.#callWord = digest.callWord(this.#callId);
    if (!request.hasCredentials) {
      this.#send('401 Unauthorized', digest.challenge(this.#host, this.#callWord), 401, hop, answers);
      return true;
    }
    return this.#register(request, hop, answers);
  }

  #isForUs({ bytes, hostStart, hostEnd, toHostStart, toHostEnd, callIdStart, callIdEnd }: PlainRequest): boolean {
    if (callIdEnd - callIdStart > registrarCaps.callIdMaxChars) return false;
    if (!isSame(bytes, hostStart, hostEnd, toHostStart, toHostEnd)) return false;
    if (!isText(bytes, hostStart, hostEnd, this.#host)) this.#host = bytes.toString('latin1', hostStart, hostEnd);
    return this.#options.digest.isDomain(this.#host);
  }

  #register(request: PlainRequest, hop: Hop, answers: PlainAnswers): boolean {
    const { bytes, credentials, hostStart, hostEnd, toUserStart, toUserEnd } = request;
    const { userStart, userEnd, realmStart, realmEnd } = credentials;
    if (!isSame(bytes, realmStart, realmEnd, hostStart, hostEnd)) return false;
    if (!isSame(bytes, userStart, userEnd, toUserStart, toUserEnd)) return false;
    const { digest, location } = this.#options;
    const user = bytes.toString('latin1', userStart, userEnd);
    const account = digest.account(user, this.#host);
    const proof = digest.prove(bytes, credentials, account ?? nobody, user, this.#host, hop.remoteAddress);
    if (proof === undefined || account === undefined) return false;
    const aor = `${user}@${this.#host}`;
    const nowS = location.nowS();
    const grantedS = this.#grantedS(request);
    const wanted = grantedS < 0 ? undefined : this.#wanted(request, hop, aor, nowS, grantedS);
    if (wanted === undefined || (wanted === 'repeated') !== (proof === 'repeated')) return false;
    if (wanted === 'repeated') {
      if (!location.isUnsaved(aor))
        this.#accept(Math.min(this.#binding.expiresAtS - nowS, this.#binding.grantedS), hop, answers);
      return true;
    }
    digest.accept(user, this.#host, hop.remoteAddress);
    if (wanted === 'refresh') {
      const expiresAtS = nowS + grantedS;
      location.refreshPacked(aor, this.#binding.refreshed(this.#packer, request, hop, expiresAtS, grantedS));
      this.#accept(grantedS, hop, answers);
    } else this.#store(request, hop, aor, grantedS, maxContactsOf(account), answers);
    return true;
  }

  /** -1: not to be granted like that. */
  #grantedS({ expiresS }: PlainRequest): number {
    const { minExpiresS, maxExpiresS, defaultExpiresS } = this.#options.settings;
    const asked = expiresS < 0 ? defaultExpiresS : expiresS;
    return asked === 0 || asked < minExpiresS ? -1 : Math.min(asked, maxExpiresS);
  }

  /** By the rules of `applyRegister`, where there is no binding, or one plain one with this very Contact. */
  #wanted(request: PlainRequest, hop: Hop, aor: string, nowS: number, grantedS: number): Wanted {
    const { location, member } = this.#options;
    const { contactUriStart, contactUriEnd, userAgentStart, userAgentEnd } = request;
    if (contactUriEnd - contactUriStart > registrarCaps.contactMaxChars) return undefined;
    const packed = location.packed(aor);
    if (packed === undefined) return location.isFull ? undefined : 'store';
    const binding = this.#binding;
    if (!binding.read(packed) || binding.expiresAtS <= nowS || !binding.hasUriOf(request)) return undefined;
    if (binding.hasCallIdOf(request) && binding.cseq >= request.cseq) {
      return binding.cseq === request.cseq && binding.isBy(hop) ? 'repeated' : undefined;
    }
    if (location.isUnsaved(aor) || nowS + grantedS > binding.keptUntilS) return 'store';
    const agentEnd = Math.min(userAgentEnd, userAgentStart + registrarCaps.userAgentMaxChars);
    // What was not hidden from there is not hidden now.
    const isSeen = !binding.isBehindNat && binding.isFrom(hop);
    const isBehindNat = this.#isBehindNat(request, hop, isSeen);
    const isSameWay = binding.isBy(hop) || !isBehindNat;
    const isSameBinding = binding.isBehindNat === isBehindNat && binding.hasAgentOf(request, agentEnd);
    return isSameWay && isSameBinding && binding.isOfMember(member) ? 'refresh' : 'store';
  }

  /** As `isBehindNat` of a request that is not plain. */
  #isBehindNat(request: PlainRequest, { remoteAddress, remotePort }: Hop, isContactSeen = false): boolean {
    const { bytes, viaHostStart, viaHostEnd, viaPort, rportStart, contactHostStart, contactHostEnd } = request;
    if (rportStart > 0 && (viaPort === 0 ? defaultPort : viaPort) !== remotePort) return true;
    const isFromThere = isText(bytes, viaHostStart, viaHostEnd, remoteAddress);
    if (!isFromThere && isIpAddress(bytes.toString('latin1', viaHostStart, viaHostEnd))) return true;
    if (isContactSeen || isText(bytes, contactHostStart, contactHostEnd, remoteAddress)) return false;
    return isHidden(bytes.toString('latin1', contactHostStart, contactHostEnd).toLowerCase(), remoteAddress);
  }

  #store(
    request: PlainRequest,
    hop: Hop,
    aor: string,
    grantedS: number,
    maxContacts: number,
    answers: PlainAnswers,
  ): void {
    const { registrations, settings } = this.#options;
    const accepted = this.#answer('200 OK', this.#bindingLine(grantedS), hop);
    const refused = this.#answer('503 Service Unavailable', `Retry-After: ${retryAfterS}\r\n`, hop);
    const via = this.#via();
    const max = maxContacts > 0 ? maxContacts : settings.contactsPerAccount;
    registrations.register(aor, this.#asRequest(request, hop), max, ({ kind }) => {
      if (kind === 'bindings') this.#done(accepted, 200, hop, via, answers);
      else this.#done(refused, 503, hop, via, answers);
    });
  }

  #asRequest(request: PlainRequest, hop: Hop): RegisterRequest {
    const { bytes, contactUriStart, contactUriEnd, userAgentStart, userAgentEnd, expiresS, cseq } = request;
    const { member } = this.#options;
    const { remoteAddress: address, remotePort: port, socketId, connectionId, transport } = hop;
    const contact: ContactChange = {
      uri: bytes.toString('latin1', contactUriStart, contactUriEnd),
      params: '',
      q: 1000,
      expiresS: expiresS < 0 ? undefined : expiresS,
      instance: '',
      regId: 0,
    };
    return {
      callId: this.#callId,
      cseq,
      contacts: [contact],
      path: noPath,
      flow: { member, transport, address, port, socketId, connectionId },
      isBehindNat: this.#isBehindNat(request, hop),
      userAgent: bytes.toString('latin1', userAgentStart, userAgentEnd).slice(0, registrarCaps.userAgentMaxChars),
      wantsOutbound: false,
    };
  }

  #accept(secondsLeft: number, hop: Hop, answers: PlainAnswers): void {
    this.#send('200 OK', this.#bindingLine(secondsLeft), 200, hop, answers);
  }

  #bindingLine(secondsLeft: number): string {
    const { bytes, contactUriStart, contactUriEnd } = this.#request;
    const uri = bytes.toString('latin1', contactUriStart, contactUriEnd);
    return `Contact: <${uri}>;expires=${secondsLeft}\r\n${this.#serviceRoute}`;
  }

  #send(status: string, lines: string, code: number, hop: Hop, answers: PlainAnswers): void {
    this.#done(this.#answer(status, lines, hop), code, hop, this.#via(), answers);
  }

  #done(bytes: Buffer, status: number, hop: Hop, via: PlainVia, answers: PlainAnswers): void {
    const { counters } = this.#options;
    if (status === 200) counters.accepted++;
    else if (status !== 401) counters.refused++;
    answers.answered(status);
    answers.respond(bytes, hop, via);
  }

  #via(): PlainVia {
    const { bytes, viaHostStart, viaHostEnd, viaPort, rportStart } = this.#request;
    return {
      host: bytes.toString('latin1', viaHostStart, viaHostEnd),
      port: viaPort === 0 ? undefined : viaPort,
      rport: rportStart === 0 ? undefined : 0,
      maddr: undefined,
    };
  }

  /** RFC 3261 §8.2.6. */
  #answer(status: string, lines: string, hop: Hop): Buffer {
    const out = this.#out;
    const { bytes, fromStart, fromEnd, toStart, toEnd, cseqStart, cseqEnd } = this.#request;
    out.begin();
    out.text('SIP/2.0 ');
    out.text(status);
    this.#writeVia(hop);
    out.text('\r\n');
    out.bytes(bytes, fromStart, fromEnd + 2);
    out.bytes(bytes, toStart, toEnd);
    out.text(';tag=');
    out.text(this.#tag());
    out.text('\r\nCall-ID: ');
    out.text(this.#callId);
    out.text('\r\nCSeq: ');
    out.bytes(bytes, cseqStart, cseqEnd + 2);
    out.text(lines);
    out.text('Content-Length: 0\r\n\r\n');
    return out.finish();
  }

  /** RFC 3261 §18.2.1, RFC 3581 §4. */
  #writeVia({ remoteAddress, remotePort }: Hop): void {
    const out = this.#out;
    const { bytes, viaStart, viaEnd, rportStart, viaHostStart, viaHostEnd } = this.#request;
    out.text('\r\nVia: ');
    if (rportStart > 0) {
      out.bytes(bytes, viaStart, rportStart);
      out.bytes(bytes, rportStart + rportParam.length, viaEnd);
      out.text(`;rport=${remotePort};received=${remoteAddress}`);
      return;
    }
    out.bytes(bytes, viaStart, viaEnd);
    if (!isText(bytes, viaHostStart, viaHostEnd, remoteAddress)) out.text(`;received=${remoteAddress}`);
  }

  /** The same for the same request (RFC 3261 §8.2.7), so that a repeated one has it. */
  #tag(): string {
    return hex8(this.#tags.begin().number(this.#callWord).number(this.#request.cseq).finish());
  }
}

const rportParam = ';rport';
