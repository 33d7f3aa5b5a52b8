import fc from 'fast-check';
import { decodeMessage, SipMessage } from '#sip';
import { describe, expect, test } from 'vitest';
import { digestResponse, methodHash } from '../../../src/sip/accounts/digest.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { accountRecord, domain } from '../accounts/account-fixture.ts';
import { RegistrarWorld } from './registrar-world.ts';

/** Some are of one member, some of another. */
const users = ['alice', 'bob', 'carol'];

interface Register {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly contact: string;
  readonly more: readonly string[];
  readonly proof: 'none' | 'right' | 'wrong' | 'used';
  readonly isSameCall: boolean;
  /** The member that it comes to. */
  readonly to: number;
}

/** `again`: the datagram before comes once more, to that member. */
type Step =
  { readonly kind: 'register'; readonly register: Register } | { readonly kind: 'again'; readonly to: number };

const to = fc.nat(2);
const register: fc.Arbitrary<Register> = fc.record({
  user: fc.constantFrom(...users),
  address: fc.constantFrom('198.51.100.7', '198.51.100.8'),
  port: fc.constantFrom(5060, 5062),
  contact: fc.constantFrom(
    ...Array.from({ length: 12 }, () => '<sip:x@198.51.100.7:5060>'),
    '<sip:x@198.51.100.8:5062>',
    '<sip:x@10.9.9.9>',
    '<sip:x@198.51.100.7:5060>;expires=0',
    '<sip:x@198.51.100.7:5060>;+sip.instance="<urn:uuid:1>"',
    '*',
  ),
  more: fc.constantFrom(['Expires: 3600'], ['Expires: 3600'], ['Expires: 3600'], ['Expires: 600'], ['Supported: path']),
  proof: fc.constantFrom('none', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'wrong', 'used'),
  isSameCall: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  to,
});
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('register' as const), register }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), to }) },
  ),
  { minLength: 20, maxLength: 60 },
);

/** What a telephone remembers. */
class Telephones {
  readonly #calls = new Map<string, { readonly id: string; cseq: number }>();
  #serial = 0;
  #count = 0;
  nonce = '0'.repeat(48);

  challenged(nonce: string): void {
    this.nonce = nonce;
    this.#count = 0;
  }

  bytesOf({ user, address, port, contact, more, proof, isSameCall }: Register): Buffer {
    let call = this.#calls.get(user);
    if (call === undefined || !isSameCall) this.#calls.set(user, (call = { id: `call-${++this.#serial}@t`, cseq: 0 }));
    call.cseq++;
    if (proof !== 'used') this.#count++;
    const uri = `sip:${domain}`;
    const nc = Math.max(this.#count, 1).toString(16).padStart(8, '0');
    const { ha1Md5 } = accountRecord(proof === 'wrong' ? `${user}2` : user);
    const proven = { nonce: this.nonce, uri, qop: 'auth' as const, nc, cnonce: 'xyz' };
    const response = digestResponse('md5', ha1Md5, proven, methodHash('md5', 'REGISTER', uri));
    const credentials =
      `Authorization: Digest username="${user}", realm="${domain}", nonce="${this.nonce}", uri="${uri}", ` +
      `response="${response}", algorithm=MD5, cnonce="xyz", nc=${nc}, qop=auth`;
    const lines = [
      `REGISTER ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK-${++this.#serial};rport`,
      'Max-Forwards: 70',
      `From: <sip:${user}@${domain}>;tag=${this.#serial}`,
      `To: <sip:${user}@${domain}>`,
      `Call-ID: ${call.id}`,
      `CSeq: ${call.cseq} REGISTER`,
      `Contact: ${contact}`,
      ...more,
      ...(proof === 'none' ? [] : [credentials]),
      'Content-Length: 0',
    ];
    return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
  }
}

/** What a telephone reads of an answer; its tag is anybody's choice, its nonce the member's that makes it. */
function meaningOf(text: string): unknown {
  const [ways = '', ...lines] = text.split('\n');
  const message = decodeMessage(Buffer.from(lines.join('\n'), 'latin1'));
  if (!(message instanceof SipMessage)) return text;
  const ids = [HeaderId.Via, HeaderId.From, HeaderId.CallId, HeaderId.CSeq, HeaderId.Contact, HeaderId.RetryAfter];
  const challenges = message.values(HeaderId.WwwAuthenticate).map((value) => value.replace(/nonce="[^"]*"/, ''));
  return [ways, message.status, ids.map((id) => message.values(id)), challenges, message.to().tag !== undefined];
}

const shown = ({ accounts }: RegistrarWorld): unknown =>
  [...accounts.values()].map(({ location }) => users.map((user) => [...location.lookup(`${user}@${domain}`)]));

describe('plain registrations in a farm whose members own accounts', () => {
  test('end as those do that are read as messages, whichever member gets them', { timeout: 120_000 }, async () => {
    const taken = { short: 0, relayed: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const [short, long] = await Promise.all(
          [true, false].map((isShort) => new RegistrarWorld(isShort).open(users)),
        );
        if (short === undefined || long === undefined) return;
        const telephones = new Telephones();
        let last: readonly [bytes: Buffer, from: Register] | undefined;
        for (const step of all) {
          if (step.kind === 'register') last = [telephones.bytesOf(step.register), step.register];
          if (last === undefined) continue;
          const [bytes, { address, port }] = last;
          const at = step.kind === 'again' ? step.to : step.register.to;
          const say = (world: RegistrarWorld): Promise<readonly string[]> =>
            world.say(Buffer.from(bytes), address, port, world.farm.members[at]!);
          const [one, other] = [await say(short), await say(long)];
          expect(one.map(meaningOf), `to m${at + 1}: ${bytes.toString('latin1')}`).toEqual(other.map(meaningOf));
          expect(shown(short)).toEqual(shown(long));
          const nonce = /nonce="([^"]+)"/.exec(one[0] ?? '')?.[1];
          if (nonce !== undefined) telephones.challenged(nonce);
          if (one.some((text) => text.includes('SIP/2.0 200'))) taken.accepted++;
        }
        taken.short += short.short.taken;
        taken.relayed += short.short.relayed;
        await Promise.all([short.stop(), long.stop()]);
      }),
      { numRuns: 10 },
    );
    expect(taken.accepted).toBeGreaterThan(10);
    expect(taken.short).toBeGreaterThan(10);
    expect(taken.relayed).toBeGreaterThan(0);
  });
});
