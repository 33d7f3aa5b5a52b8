import type { Authenticator } from '../../accounts/authenticator.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';
import type { LocalUsers } from '../local-users.ts';
import type { TrustedNetworks } from '../trusted-networks.ts';

/**
 * RFC 3261 §22: who says that it is an account of ours proves it, unless it comes from a trusted network, or the request
 * belongs to a dialog that was set up through us. Others are strangers: they may call our accounts, but no further.
 */
export function identifySender(
  answerer: Answerer,
  users: LocalUsers,
  trusted: TrustedNetworks,
  authenticator: Pick<Authenticator, 'verify'>,
): Link {
  return (incoming) => {
    incoming.isTrusted = trusted.has(incoming.hop);
    const { message } = incoming;
    // A network may be trusted with calls; where an account is reached only the account itself says.
    const isRegister = incoming.method === 'REGISTER';
    if (!isRegister && (incoming.isTrusted || incoming.isOurDialog)) return 'next';
    const claimed = (isRegister ? message.to() : message.from()).uri;
    if (claimed === undefined || !users.isLocal(claimed.host)) return 'next';
    const verdict = authenticator.verify(message, incoming.hop, isRegister ? 'www' : 'proxy');
    if (verdict.kind === 'challenge') return answerer.answer(incoming, verdict.status, { headers: verdict.headers });
    if (verdict.kind === 'refused') return answerer.answer(incoming, verdict.status, { reason: verdict.reason });
    incoming.account = verdict.account;
    // A REGISTER may be sent by somebody else for an account: the registrar decides (RFC 3261 §10.3 step 4).
    if (isRegister || users.named(claimed)?.aor === verdict.account.aor) return 'next';
    return answerer.answer(incoming, 403, { reason: 'From is not the account that the credentials are of' });
  };
}
