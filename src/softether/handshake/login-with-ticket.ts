import type { LoginProof } from '../codec/login-proof.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { LoginRequest } from '../codec/login.ts';
import type { ExpectedSession } from '../cluster/place-order.ts';
import type { HandshakeContext, MethodRequest } from './context.ts';
import { establish } from './establish.ts';
import { isLocalhost } from './is-localhost.ts';
import { refuse, type Outcome } from './outcome.ts';
import { sessionTerms } from './session-terms.ts';

/**
 * The second half of a redirected log-in (SoftEther protocol §4.5): who the user is, what he may and what his session is
 * called comes with the ticket; what he calls himself here does not matter. A wrong ticket is no guess at a password:
 * nobody guesses twenty random bytes, and clients that come too late must not be banned for it.
 */
export async function loginWithTicket(
  request: MethodRequest,
  context: HandshakeContext,
  asked: LoginRequest,
): Promise<Outcome> {
  const { cluster, logger } = context;
  const expected = cluster?.takeTicket(ticketOf(asked.proof), asked.hubName);
  if (cluster === undefined || expected === undefined) {
    const account = `${asked.hubName}/${asked.userName}`;
    logger.info({ address: request.remote.address, account, reason: 'wrongTicket' }, 'log-in failed');
    return refuse(ErrorCode.AUTH_FAILED);
  }
  const outcome = await admit(request, context, asked, expected);
  if (outcome.kind !== 'session') cluster.released(expected);
  return outcome;
}

async function admit(
  request: MethodRequest,
  context: HandshakeContext,
  asked: LoginRequest,
  expected: ExpectedSession,
): Promise<Outcome> {
  const { policy, groupName, credential, sessionName } = expected;
  const terms = sessionTerms({
    request: asked,
    policy,
    isLocalhost: isLocalhost(request),
    canBeUnencrypted: request.canDropEncryption && context.limits.allowUnencrypted,
  });
  if (typeof terms === 'number') return refuse(terms, policy.NoSavePassword);
  if ((await context.cluster?.openHub(expected.hubName)) === undefined) return refuse(ErrorCode.HUB_STOPPING);
  return establish(context, { request, asked, who: expected, groupName, credential, terms, sessionName });
}

const NO_TICKET = Buffer.alloc(0);

const ticketOf = (proof: LoginProof): Buffer => (proof.kind === 'ticket' ? proof.ticket : NO_TICKET);
