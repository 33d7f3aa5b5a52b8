import { openEmbedded, type Backplane } from '#backplane';
import { LoginGuard } from '#base';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';
import {
  AccountDirectory,
  decodeMessage,
  defaultSipGuardLimits,
  passwordHashes,
  SipMessage,
  type AccountRecord,
  type DigestAlgorithm,
} from '#sip';
import { hashHex } from '#base';
import { Authenticator } from '../../../src/sip/accounts/authenticator.ts';
import { digestAlgorithms, digestResponse, methodHash } from '../../../src/sip/accounts/digest.ts';
import { NonceMaker } from '../../../src/sip/accounts/nonce.ts';
import { UserHashes } from '../../../src/sip/accounts/user-hashes.ts';

export const nowMs = Date.UTC(2026, 10, 22, 12);
export const domain = 'example.org';

export function accountRecord(user: string, changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    user,
    ...passwordHashes(user, domain, `${user}-secret`),
    aliases: [],
    displayName: '',
    isEnabled: true,
    maxContacts: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    ...changes,
  };
}

export interface AccountFixture {
  readonly clock: VirtualClock;
  readonly backplane: Backplane;
  readonly directory: AccountDirectory;
  readonly guard: LoginGuard;
  readonly nonces: NonceMaker;
  readonly authenticator: Authenticator;
  close(): Promise<void>;
}

/** The domain example.org with alice and bob, whose passwords are their names and `-secret`. */
export async function openAccounts(
  algorithms: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'],
  takesUserHashes = false,
): Promise<AccountFixture> {
  const clock = new VirtualClock(nowMs);
  const backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
  const directory = await AccountDirectory.open(backplane, clock);
  await directory.createDomain(domain);
  for (const user of ['alice', 'bob']) await directory.createAccount(domain, accountRecord(user));
  const guard = new LoginGuard(clock, defaultSipGuardLimits);
  const nonces = new NonceMaker(Buffer.alloc(32, 1), Buffer.from('00000001', 'hex'), 300);
  const authenticator = new Authenticator({
    ...{ directory, guard, nonces, clock, algorithms },
    ...(takesUserHashes && { userHashes: new UserHashes(directory) }),
  });
  return {
    clock,
    backplane,
    directory,
    guard,
    nonces,
    authenticator,
    close: async () => {
      directory.close();
      await backplane.close();
    },
  };
}

/** A request by its lines; what every request must have is added. */
export function requestOf(
  method: string,
  lines: readonly string[] = [],
  options: Partial<RequestOptions> = {},
): SipMessage {
  const { user = 'alice', uri = `sip:${domain}`, callId = 'c1', cseq = 1, via = '192.0.2.1:5060', body = '' } = options;
  const text = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK${cseq}`,
    `From: <sip:${user}@${domain}>;tag=f`,
    `To: <sip:${user}@${domain}>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    'Max-Forwards: 70',
    ...lines,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ];
  const message = decodeMessage(Buffer.from(text.join('\r\n')));
  if (!(message instanceof SipMessage)) throw new Error(`not a message: ${message.reason}`);
  return message;
}

export interface RequestOptions {
  readonly user: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  readonly via: string;
  readonly body: string;
}

export interface ProofOptions {
  readonly user?: string;
  /** The hash of the user is sent in its place. */
  readonly hidesUser?: boolean;
  readonly password?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly nc?: number;
  readonly method?: string;
  readonly qop?: 'auth' | 'auth-int' | undefined;
  readonly body?: string;
  readonly header?: string;
}

/** The Authorization line that answers a challenge. */
export function proofOf(nonce: string, options: ProofOptions = {}): string {
  const { user = 'alice', password = `${user}-secret`, algorithm = 'MD5', nc = 1, method = 'REGISTER' } = options;
  const { body = '', header = 'Authorization' } = options;
  const qop = 'qop' in options ? options.qop : 'auth';
  const { hash } = digestAlgorithms[algorithm];
  const uri = `sip:${domain}`;
  const input = { nonce, uri, qop, nc: nc.toString(16).padStart(8, '0'), cnonce: 'cn' };
  const ha1 = hashHex(hash, `${user}:${domain}:${password}`);
  const ha2 = methodHash(hash, method, uri, qop === 'auth-int' ? hashHex(hash, body) : undefined);
  const parts = [
    `username="${options.hidesUser === true ? hashHex(hash, `${user}:${domain}`) : user}"`,
    ...(options.hidesUser === true ? ['userhash=true'] : []),
    `realm="${domain}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${digestResponse(hash, ha1, input, ha2)}"`,
    `algorithm=${algorithm}`,
    ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${input.nc}`, 'cnonce="cn"']),
  ];
  return `${header}: Digest ${parts.join(', ')}`;
}
