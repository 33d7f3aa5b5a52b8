import { isLoopback, parseIpAddress } from '#base';
import type { HubRecord } from '#hub';
import { checkLogin } from '../auth/check-login.ts';
import { ADMINISTRATOR } from '../auth/password-hash.ts';
import type { LoginAccepted, LoginVerdict } from '../auth/verdict.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import { decodeLogin, type LoginRequest } from '../codec/login.ts';
import { encodeRedirect } from '../codec/redirect.ts';
import { licenceOf } from '../cluster/licence.ts';
import type { PlaceOrder } from '../cluster/place-order.ts';
import type { HandshakeContext, MethodHandler, MethodRequest } from './context.ts';
import { effectivePolicy } from './effective-policy.ts';
import { establish } from './establish.ts';
import { guarded, type ProofResult } from './guarded.ts';
import { isLocalhost } from './is-localhost.ts';
import { loginWithTicket } from './login-with-ticket.ts';
import { refuse, type Outcome } from './outcome.ts';
import { credentialOf } from './resume.ts';
import { sessionTerms, type SessionTerms } from './session-terms.ts';

/** `login`: the decisions of SoftEther protocol §4.3 in their order, from the hub to the session. */
export const login: MethodHandler = async (request, context) => {
  const asked = decodeLogin(request.pack);
  if (asked === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  if (context.cluster !== undefined && asked.proof.kind === 'ticket') return loginWithTicket(request, context, asked);
  if (context.cluster?.acceptsLogins() === false && !claimsToAdminister(asked)) {
    return refuseDirect(request, context, asked);
  }
  const hub = context.directory.hub(asked.hubName);
  if (hub === undefined) return refuse(unknownHub(context));
  const isThere = context.cluster === undefined ? context.host.instance(hub.name) !== undefined : hub.isOnline;
  if (!isThere) return refuse(ErrorCode.HUB_STOPPING);

  const account = `${hub.name}/${asked.userName}`;
  const verdict = await guarded(context, request, account, () => check(context, request, hub, asked), resultOf);
  if (verdict === undefined) return refuse(ErrorCode.IP_ADDRESS_DENIED);
  if (!verdict.ok) {
    const { address } = request.remote;
    context.logger.info({ address, account, reason: verdict.reason }, 'log-in failed');
    return refuse(verdict.error);
  }
  // A user may be called Administrator, too.
  if (context.cluster?.acceptsLogins() === false && !verdict.isAdministrator) {
    return refuseDirect(request, context, asked);
  }
  return admit(context, request, hub, asked, verdict);
};

/** At 8 clients give up, or come back after a long time; at 48 soon. */
const unknownHub = ({ cluster }: HandshakeContext): number =>
  cluster?.knowsHubs() === false ? ErrorCode.CONNECT_TO_FARM_CONTROLLER : ErrorCode.HUB_NOT_FOUND;

const claimsToAdminister = ({ userName, proof }: LoginRequest): boolean =>
  userName.toLowerCase() === ADMINISTRATOR && proof.kind === 'password';

/** SoftEther protocol §9.11. */
function refuseDirect(
  { remote }: MethodRequest,
  { logger }: HandshakeContext,
  { hubName, userName }: LoginRequest,
): Outcome {
  logger.info(
    { address: remote.address, account: `${hubName}/${userName}` },
    'log-in refused: this server is a cluster member, and the client came straight to it instead of to the controller',
  );
  return refuse(ErrorCode.ACCESS_DENIED);
}

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
  const terms = sessionTerms({
    request: asked,
    policy: who.policy,
    isLocalhost: isLocalhost(request),
    canBeUnencrypted: request.canDropEncryption && context.limits.allowUnencrypted,
  });
  const { NoSavePassword } = who.policy;
  if (typeof terms === 'number') return refuse(terms, NoSavePassword);
  const order = orderOf(request, hub, asked, who, terms);
  const { userName, isAdministrator } = who;
  const place = await context.placement.place({ hub, userName, isAdministrator, remote: request.remote, order });
  if (place.kind === 'refused') return refuse(place.code, NoSavePassword);
  if (place.kind === 'elsewhere') {
    // Another thread of this server has no address of its own: it is where the client came to.
    const address = place.address === '' ? request.local.address : place.address;
    if (isIpv4(address)) return { kind: 'answer', answer: encodeRedirect({ ...place, address, message: hub.message }) };
    const { address: from } = request.remote;
    context.logger.warn(
      { hub: hub.name, from, address },
      'clients can only be redirected to IPv4: set cluster.publicAddress',
    );
    return refuse(ErrorCode.NOT_SUPPORTED, NoSavePassword);
  }
  const { groupName, credential } = order;
  const { sessionName } = place;
  const outcome = establish(context, { request, asked, who, groupName, credential, terms, sessionName });
  if (outcome.kind !== 'session') place.abandon?.();
  return outcome;
}

const isIpv4 = (address: string): boolean => parseIpAddress(address)?.length === 4;

/** What another member has to know of the user. */
function orderOf(
  request: MethodRequest,
  hub: HubRecord,
  asked: LoginRequest,
  who: LoginAccepted,
  { isBridgeMode }: SessionTerms,
): PlaceOrder {
  const { userName, realUserName, isAdministrator, policy, user } = who;
  return {
    hubName: hub.name,
    userName: userName.toLowerCase(),
    realUserName,
    groupName: user?.groupName ?? '',
    isAdministrator,
    policy,
    credential: credentialOf(hub, user),
    machine: asked.uniqueId.toString('hex'),
    licence: licenceOf({ isAdministrator, isLocalhost: isLocalhost(request), isBridgeMode }),
  };
}
