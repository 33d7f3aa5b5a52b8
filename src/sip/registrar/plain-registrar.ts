import { isIpAddress } from '#base';
import { maxContactsOf, type PackedAccount } from '../accounts/packed-account.ts';
import { TextPacker } from '../accounts/packed-text.ts';
import type { PlainDigest } from '../accounts/plain-digest.ts';
import { isSame, isText } from '../message/byte-ranges.ts';
import { isHidden } from '../proxy/nat.ts';
import { ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import type { Gruus } from './gruu.ts';
import type { LocationService } from './location-service.ts';
import { registrarCaps, type RegistrarSettings } from './limits.ts';
import { PlainAnswer, viaOf, type PlainAnswers, type PlainVia } from './plain-answer.ts';
import { PlainBinding } from './plain-binding.ts';
import { plainRegister, PlainRequest } from './plain-request.ts';
import type { RegistrarCounters, RegistrationOwner } from './registrar.ts';
import type { ContactChange, RegisterRequest } from './register-request.ts';

export interface PlainRegistrarOptions {
  readonly digest: PlainDigest;
  readonly location: Pick<LocationService, 'packed' | 'isFull' | 'isUnsaved' | 'nowS' | 'refreshPacked'>;
  /** Of this member, which changes all accounts. Absent: what must be stored goes the long way. */
  readonly registrations?: Pick<RegistrationOwner, 'register'>;
  /** Makes what a telephone is called by (RFC 5627). */
  readonly gruus: Pick<Gruus, 'publicGruu' | 'temporaryGruu'>;
  /** The bindings of this account are changed here; absent: all are. */
  readonly owns?: (aor: string) => boolean;
  readonly settings: RegistrarSettings;
  readonly counters: RegistrarCounters;
  /** As bindings name this member. */
  readonly member: string;
  /** For the tags of answers: 8 bytes or more. */
  readonly key: Uint8Array;
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
  readonly #answer = new PlainAnswer();
  readonly #tags: ShortMac;
  readonly #serviceRoute: string;
  #host = '';
  #callWord = 0;

  constructor(options: PlainRegistrarOptions) {
    this.#options = options;
    this.#tags = new ShortMac(options.key);
    const { serviceRoute } = options.settings;
    this.#serviceRoute = serviceRoute.length === 0 ? '' : `Service-Route: ${serviceRoute.join(', ')}\r\n`;
  }

  /** A datagram. False: not plain, or not for us. */
  read(bytes: Buffer): boolean {
    const request = this.#request;
    return request.read(bytes, plainRegister) && this.#isForUs(request);
  }

  /** What was read comes without credentials, which is answered by a challenge. */
  get isFirst(): boolean {
    return !this.#request.hasCredentials;
  }

  /** Whose bindings what was read is about; undefined: of nobody here. */
  get aor(): string | undefined {
    const { bytes, toUserStart, toUserEnd } = this.#request;
    const user = bytes.toString('latin1', toUserStart, toUserEnd);
    return this.#options.digest.account(user, this.#host) === undefined ? undefined : `${user}@${this.#host}`;
  }

  /** What was read. True: it is answered, or will be. False: nothing has been done with it. */
  answer(hop: Hop, answers: PlainAnswers): boolean {
    const request = this.#request;
    const { bytes, callIdStart, callIdEnd } = request;
    this.#callWord = this.#options.digest.callWord(bytes, callIdStart, callIdEnd);
    if (request.hasCredentials) return this.#register(request, hop, answers);
    const answer = this.#answer;
    answer.begin(request, hop, '401 Unauthorized', this.#tag());
    this.#options.digest.challenge(answer.out, this.#host, this.#callWord);
    this.#done(answer.finish(), 401, hop, viaOf(request.via), answers);
    return true;
  }

  #isForUs(request: PlainRequest): boolean {
    const { bytes, hostStart, hostEnd, toHostStart, toHostEnd, callIdStart, callIdEnd } = request;
    if (callIdEnd - callIdStart > registrarCaps.callIdMaxChars || this.#hasContactAtUs(request)) return false;
    if (!isSame(bytes, hostStart, hostEnd, toHostStart, toHostEnd)) return false;
    if (!isText(bytes, hostStart, hostEnd, this.#host)) this.#host = bytes.toString('latin1', hostStart, hostEnd);
    return this.#options.digest.isDomain(this.#host);
  }

  /** It leads to the server itself, or to another account. */
  #hasContactAtUs({ bytes, via, contactHostStart: start, contactHostEnd: end }: PlainRequest): boolean {
    const last = bytes[end - 1] ?? 0;
    const isAddress = last <= 0x39 || last === 0x5d;
    // Whether it is there its Via tells.
    if (start === end || (isAddress && isSame(bytes, start, end, via.hostStart, via.hostEnd))) return false;
    return this.#options.digest.isLocal(bytes.toString('latin1', start, end));
  }

  #register(request: PlainRequest, hop: Hop, answers: PlainAnswers): boolean {
    const { bytes, credentials, hostStart, hostEnd, toUserStart, toUserEnd } = request;
    const { userStart, userEnd, realmStart, realmEnd } = credentials;
    if (!isSame(bytes, realmStart, realmEnd, hostStart, hostEnd)) return false;
    if (!isSame(bytes, userStart, userEnd, toUserStart, toUserEnd)) return false;
    const { digest, location, registrations, owns } = this.#options;
    const user = bytes.toString('latin1', userStart, userEnd);
    const aor = `${user}@${this.#host}`;
    if (owns?.(aor) === false) return false;
    const account = digest.account(user, this.#host);
    const address = hop.remoteAddress;
    const nowS = location.nowS();
    const grantedS = this.#grantedS(request);
    const wanted = grantedS < 0 ? undefined : this.#wanted(request, hop, aor, nowS, grantedS);
    if (wanted === 'store' && registrations === undefined) return false;
    const proof = digest.prove(bytes, credentials, this.#callWord, account ?? nobody, aor, this.#host, address);
    if (proof === undefined || account === undefined) return false;
    if (wanted === undefined || (wanted === 'repeated') !== (proof === 'repeated')) return false;
    if (wanted === 'repeated') {
      const leftS = Math.min(this.#binding.expiresAtS - nowS, this.#binding.grantedS);
      if (!location.isUnsaved(aor))
        this.#done(this.#accepted(hop, user, aor, leftS), 200, hop, viaOf(request.via), answers);
      return true;
    }
    digest.accept(aor, address);
    if (wanted === 'store' && registrations !== undefined) {
      this.#store(registrations, request, hop, user, aor, grantedS, maxContactsOf(account), answers);
      return true;
    }
    const expiresAtS = nowS + grantedS;
    const holder = this.#holderOf(hop);
    location.refreshPacked(aor, this.#binding.refreshed(this.#packer, request, hop, holder, expiresAtS, grantedS));
    this.#done(this.#accepted(hop, user, aor, grantedS), 200, hop, viaOf(request.via), answers);
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
    const { location } = this.#options;
    const { userAgentStart, userAgentEnd } = request;
    if (contactChars(request) > registrarCaps.contactMaxChars) return undefined;
    const packed = location.packed(aor);
    if (packed === undefined) return location.isFull ? undefined : 'store';
    const binding = this.#binding;
    if (!binding.read(packed) || binding.expiresAtS <= nowS || !binding.hasUriOf(request)) return undefined;
    if (binding.hasCallIdOf(request) && binding.cseq >= request.cseq) {
      return binding.cseq === request.cseq && binding.isBy(hop) && binding.hasContactOf(request)
        ? 'repeated'
        : undefined;
    }
    if (location.isUnsaved(aor) || nowS + grantedS > binding.keptUntilS) return 'store';
    const agentEnd = Math.min(userAgentEnd, userAgentStart + registrarCaps.userAgentMaxChars);
    // What was not hidden from there is not hidden now.
    const isSeen = !binding.isBehindNat && binding.isFrom(hop);
    const isBehindNat = this.#isBehindNat(request, hop, isSeen);
    const isSameWay = !isBehindNat || (binding.isBy(hop) && binding.isOfMember(this.#holderOf(hop)));
    const isSameBinding = binding.isBehindNat === isBehindNat && binding.hasAgentOf(request, agentEnd);
    return isSameWay && isSameBinding && binding.hasContactOf(request) ? 'refresh' : 'store';
  }

  /** As `isBehindNat` of a request that is not plain. */
  #isBehindNat(request: PlainRequest, { remoteAddress, remotePort }: Hop, isContactSeen = false): boolean {
    const { bytes, via, contactHostStart, contactHostEnd } = request;
    if (via.rportStart > 0 && (via.port === 0 ? defaultPort : via.port) !== remotePort) return true;
    const isFromThere = isText(bytes, via.hostStart, via.hostEnd, remoteAddress);
    if (!isFromThere && isIpAddress(bytes.toString('latin1', via.hostStart, via.hostEnd))) return true;
    if (isContactSeen || isText(bytes, contactHostStart, contactHostEnd, remoteAddress)) return false;
    return isHidden(bytes.toString('latin1', contactHostStart, contactHostEnd).toLowerCase(), remoteAddress);
  }

  #store(
    registrations: Pick<RegistrationOwner, 'register'>,
    request: PlainRequest,
    hop: Hop,
    user: string,
    aor: string,
    grantedS: number,
    maxContacts: number,
    answers: PlainAnswers,
  ): void {
    const { settings } = this.#options;
    const accepted = this.#accepted(hop, user, aor, grantedS);
    const refused = this.#refused(hop);
    const via = viaOf(request.via);
    const max = maxContacts > 0 ? maxContacts : settings.contactsPerAccount;
    registrations.register(aor, this.#asRequest(request, hop), max, ({ kind }) => {
      if (kind === 'bindings') this.#done(accepted, 200, hop, via, answers);
      else this.#done(refused, 503, hop, via, answers);
    });
  }

  #asRequest(request: PlainRequest, hop: Hop): RegisterRequest {
    const { bytes, contact, contactUriStart, contactUriEnd, userAgentStart, userAgentEnd, expiresS, cseq } = request;
    const { callIdStart, callIdEnd } = request;
    const { remoteAddress: address, remotePort: port, socketId, connectionId, transport } = hop;
    const change: ContactChange = {
      uri: bytes.toString('latin1', contactUriStart, contactUriEnd),
      params: bytes.toString('latin1', contact.paramsStart, contact.paramsEnd),
      q: 1000,
      expiresS: expiresS < 0 ? undefined : expiresS,
      instance: bytes.toString('latin1', contact.instanceStart, contact.instanceEnd),
      regId: 0,
    };
    return {
      callId: bytes.toString('latin1', callIdStart, callIdEnd),
      cseq,
      contacts: [change],
      path: noPath,
      flow: { member: this.#holderOf(hop), transport, address, port, socketId, connectionId },
      isBehindNat: this.#isBehindNat(request, hop),
      userAgent: bytes.toString('latin1', userAgentStart, userAgentEnd).slice(0, registrarCaps.userAgentMaxChars),
      wantsOutbound: false,
    };
  }

  /** Whose socket it came by, as bindings name that member. */
  #holderOf({ holder }: Hop): string {
    return holder?.name ?? this.#options.member;
  }

  #accepted(hop: Hop, user: string, aor: string, secondsLeft: number): Buffer {
    const request = this.#request;
    const { bytes, contact, contactUriStart, contactUriEnd } = request;
    const answer = this.#answer;
    const { out } = answer;
    answer.begin(request, hop, '200 OK', this.#tag());
    out.text('Contact: <');
    out.bytes(bytes, contactUriStart, contactUriEnd);
    out.text('>;expires=');
    out.text(String(secondsLeft));
    out.bytes(bytes, contact.paramsStart, contact.paramsEnd);
    if (contact.instanceEnd > 0) this.#writeInstance(request, user, aor);
    out.text('\r\n');
    out.text(this.#serviceRoute);
    return answer.finish();
  }

  #writeInstance({ bytes, contact, callIdStart, callIdEnd, wantsGruu }: PlainRequest, user: string, aor: string): void {
    const { out } = this.#answer;
    const { gruus } = this.#options;
    const instance = bytes.toString('latin1', contact.instanceStart, contact.instanceEnd);
    out.text(';+sip.instance="');
    out.text(instance);
    if (wantsGruu) {
      const binding = { instance, callId: bytes.toString('latin1', callIdStart, callIdEnd) };
      out.text('";pub-gruu="');
      out.text(gruus.publicGruu({ aor }, instance));
      out.text('";temp-gruu="');
      out.text(gruus.temporaryGruu({ user, domain: this.#host }, binding));
    }
    out.text('"');
  }

  #refused(hop: Hop): Buffer {
    const answer = this.#answer;
    answer.begin(this.#request, hop, '503 Service Unavailable', this.#tag());
    answer.out.text(`Retry-After: ${retryAfterS}\r\n`);
    return answer.finish();
  }

  #done(bytes: Buffer, status: number, hop: Hop, via: PlainVia, answers: PlainAnswers): void {
    const { counters } = this.#options;
    if (status === 200) counters.accepted++;
    else if (status !== 401) counters.refused++;
    answers.answered('REGISTER', status);
    answers.respond(bytes, hop, via);
  }

  /** The same for the same request (RFC 3261 §8.2.7), so that a repeated one has it. */
  #tag(): number {
    return this.#tags.begin().number(this.#callWord).number(this.#request.cseq).finish();
  }
}

function contactChars({ contact, contactUriStart, contactUriEnd }: PlainRequest): number {
  const { paramsStart, paramsEnd, instanceStart, instanceEnd } = contact;
  return contactUriEnd - contactUriStart + paramsEnd - paramsStart + instanceEnd - instanceStart;
}
