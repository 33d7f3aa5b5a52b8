import type { ByteStream } from '#io';
import type { Hello } from '../codec/hello.ts';
import { encodePackRequest } from '../codec/http-pack.ts';
import { encodeLogin } from '../codec/login.ts';
import { decodeLoginAnswer } from '../codec/login-answer.ts';
import type { LoginProof } from '../codec/login-proof.ts';
import { Pack } from '../codec/pack.ts';
import type { Redirect } from '../codec/redirect.ts';
import type { Welcome } from '../codec/welcome.ts';
import { loginRequest, proofOfUser, type ClientAccount } from './account.ts';
import { Conversation } from './conversation.ts';
import { converse } from './converse.ts';
import { protocolFailure, refused, success, type ClientFailure, type Result } from './failure.ts';
import type { ClientHome } from './home.ts';
import { leaveTls } from './leave-tls.ts';
import { destinationText, reach, type Destination, type ServerJudge } from './reach.ts';

/** A session that the server has granted. */
export interface Grant {
  readonly welcome: Welcome;
  readonly hello: Hello;
  /** The first connection; it delivers nothing until it is resumed. */
  readonly stream: ByteStream;
  /** What came behind the Welcome. */
  readonly first: Buffer;
  /** Where the session lives, with the certificate that each further connection must show. */
  readonly at: Destination;
  /** Of the first connection, before it may have left TLS. */
  readonly tls: { readonly protocol: string; readonly cipher: string };
}

export interface LogInOptions {
  readonly connectTimeoutMs: number;
  /** Absent: that of the limits. */
  readonly answerTimeoutMs?: number;
  readonly signal: AbortSignal;
  readonly judge: ServerJudge | undefined;
  readonly redirected: (to: Destination, message: string) => void;
}

type Answer = Grant | { readonly redirect: Redirect };

/** From a server's address to a session there, or on the member of its farm that it sends us to. */
export async function logIn(
  home: ClientHome,
  account: ClientAccount,
  server: Destination,
  options: LogInOptions,
): Promise<Result<Grant>> {
  let at = server;
  let ticket: Buffer | undefined;
  for (let hops = 0; hops <= home.limits.maxRedirects; hops++) {
    const { memberTimeoutMs } = home.limits;
    const answer = await askOne(
      home,
      account,
      at,
      ticket,
      hops === 0 ? options : { ...options, ...within(memberTimeoutMs) },
    );
    if (!answer.ok) return hops === 0 ? answer : ofMember(answer.failure);
    if (!('redirect' in answer.value)) return success(answer.value);
    const { redirect } = answer.value;
    ticket = redirect.ticket;
    at = redirectedTo(redirect, at);
    options.redirected(at, redirect.message);
  }
  return protocolFailure(`${destinationText(server)} and its members send us round in circles`);
}

/** A member that we were sent to has little time: its controller has others. */
const within = (ms: number): Pick<LogInOptions, 'connectTimeoutMs' | 'answerTimeoutMs'> => ({
  connectTimeoutMs: ms,
  answerTimeoutMs: ms,
});

/** It may have died on the way, or never have heard of the ticket: the controller is to be asked again soon. */
const ofMember = (failure: ClientFailure): Result<never> => ({
  ok: false,
  failure: { ...failure, healsByWaiting: true },
});

/** One connection, one log-in. */
async function askOne(
  home: ClientHome,
  account: ClientAccount,
  at: Destination,
  ticket: Buffer | undefined,
  options: LogInOptions,
): Promise<Result<Answer>> {
  const { clock, identity } = home;
  const { connectTimeoutMs, answerTimeoutMs = home.limits.answerTimeoutMs, signal, judge } = options;
  const mayDropEncryption = !account.useEncrypt;
  const reached = await reach(home, at, { timeoutMs: connectTimeoutMs, signal, mayDropEncryption, judge });
  if (!reached.ok) return reached;
  const stream = reached.value;
  const name = destinationText(at);
  const conversation = new Conversation(at.name, (hello) => {
    const proof: LoginProof = ticket === undefined ? proofOfUser(account, hello.random) : { kind: 'ticket', ticket };
    return encodeLogin(loginRequest(account, identity, hello, proof));
  });
  const talked = await converse(stream, conversation, { clock, timeoutMs: answerTimeoutMs, name, signal });
  if (!talked.ok) return talked;
  if (talked.value.kind === 'greeted') throw new Error('a log-in ended with its Hello');
  const { hello, answer, unread } = talked.value;
  const decoded = decodeLoginAnswer(answer);
  switch (decoded.kind) {
    case 'error':
      stream.close();
      return refused(name, decoded.code);
    case 'redirect':
      // The original says "understood" with an empty PACK.
      stream.write(encodePackRequest(new Pack(), at.name));
      stream.close();
      return success({ redirect: decoded.redirect });
    case 'welcome':
      return granted({ welcome: decoded.welcome, hello, stream, first: unread, at });
  }
}

async function granted(grant: Omit<Grant, 'tls'>): Promise<Result<Grant>> {
  const tls = { protocol: grant.stream.tls?.protocol ?? '', cipher: grant.stream.tls?.cipher ?? '' };
  if (grant.welcome.useEncrypt) return success({ ...grant, tls });
  const left = await leaveTls(grant.stream, destinationText(grant.at));
  return left.ok ? success({ ...grant, tls, stream: left.value }) : left;
}

/** The port that the client used is taken again where the member has it, as the original does. */
function redirectedTo({ address, ports, certificateDer }: Redirect, from: Destination): Destination {
  const host = address === '0.0.0.0' ? from.address : address;
  const port = ports.includes(from.port) ? from.port : ports[0]!;
  return { address: host, port, name: host, certificate: certificateDer.length > 0 ? certificateDer : undefined };
}
