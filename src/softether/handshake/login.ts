import type { HubRecord } from '#hub';
import { checkLogin } from '../auth/check-login.ts';
import type { LoginAccepted, LoginVerdict } from '../auth/verdict.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import { decodeLogin, type LoginRequest } from '../codec/login.ts';
import { encodeRedirect } from '../codec/redirect.ts';
import { isLoopback } from '../network-of.ts';
import type { HandshakeContext, MethodHandler, MethodRequest } from './context.ts';
import { effectivePolicy } from './effective-policy.ts';
import { establish } from './establish.ts';
import { guarded, type ProofResult } from './guarded.ts';
import { refuse, type Outcome } from './outcome.ts';
import { sessionTerms } from './session-terms.ts';

/** `login`: the decisions of SoftEther protocol §4.3 in their order, from the hub to the session. */
export const login: MethodHandler = async (request, context) => {
  const asked = decodeLogin(request.pack);
  if (asked === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  const hub = context.directory.hub(asked.hubName);
  if (hub === undefined) return refuse(ErrorCode.HUB_NOT_FOUND);
  if (context.host.instance(hub.name) === undefined) return refuse(ErrorCode.HUB_STOPPING);

  const account = `${hub.name}/${asked.userName}`;
  const verdict = await guarded(context, request, account, () => check(context, request, hub, asked), resultOf);
  if (verdict === undefined) return refuse(ErrorCode.IP_ADDRESS_DENIED);
  if (!verdict.ok) {
    const { address } = request.remote;
    context.logger.info({ address, account, reason: verdict.reason }, 'log-in failed');
    return refuse(verdict.error);
  }
  return admit(context, request, hub, asked, verdict);
};

function check(
  context: HandshakeContext,
  request: MethodRequest,
  hub: HubRecord,
  { userName, proof }: LoginRequest,
): LoginVerdict | Promise<LoginVerdict> {
  const { directory, clock, external } = context;
  return checkLogin({
    userName,
    proof,
    hub,
    user: directory.user(hub.name, userName),
    anyUser: directory.user(hub.name, '*'),
    policyOf: (user) => effectivePolicy(context, hub, user),
    random: request.random,
    nowMs: clock.wallMs(),
    isFromLoopback: isLoopback(request.remote.address),
    ...(external === undefined ? {} : { external }),
  });
}

function resultOf(verdict: LoginVerdict): ProofResult {
  if (verdict.ok) return 'right';
  const isGuess = verdict.error === ErrorCode.AUTH_FAILED && !verdict.reason.startsWith('externalUn');
  return isGuess ? 'wrong' : 'neither';
}

/** The proof is right: what the session is given, and where it lives. */
async function admit(
  context: HandshakeContext,
  request: MethodRequest,
  hub: HubRecord,
  asked: LoginRequest,
  who: LoginAccepted,
): Promise<Outcome> {
  const { remote, local, canDropEncryption } = request;
  const terms = sessionTerms({
    request: asked,
    policy: who.policy,
    isLocalhost: isLoopback(remote.address) || remote.address === local.address,
    canBeUnencrypted: canDropEncryption && context.limits.allowUnencrypted,
  });
  const { NoSavePassword } = who.policy;
  if (typeof terms === 'number') return refuse(terms, NoSavePassword);
  const { isAdministrator, userName } = who;
  const place = await context.placement.place({ hub, userName, isAdministrator, remote });
  if (place.kind === 'refused') return refuse(place.code, NoSavePassword);
  if (place.kind === 'elsewhere') {
    return { kind: 'answer', answer: encodeRedirect({ ...place, message: hub.message }) };
  }
  return establish(context, { request, asked, who, terms });
}
