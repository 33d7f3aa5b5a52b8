import { Malformed } from '../../message/malformed.ts';
import type { Incoming } from '../../proxy/incoming.ts';
import { accountLoopHash, loopHash } from '../../proxy/loop-hash.ts';
import type { BranchCodec } from '../../transaction/branch.ts';
import type { TransportLayer } from '../../transport/transport-layer.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';
import type { LocalUsers } from '../local-users.ts';
import { localDomainOf } from '../local-domain.ts';

/**
 * RFC 5393 §4.2: a request that was here before, and would be sent the same way again. All members of a farm are one
 * server in this: they have the same key.
 */
export function detectLoop(
  answerer: Answerer,
  branches: BranchCodec,
  users: LocalUsers,
  transport: Pick<TransportLayer, 'isOwnAddress'>,
): Link {
  return (incoming) => {
    const { message, requestUri } = incoming;
    const aor = aorOf(incoming, users, transport);
    incoming.loopHash =
      aor === undefined || requestUri === undefined ? loopHash(message) : accountLoopHash(aor, requestUri);
    if (!message.scan.head.includes(branches.farmPrefix)) return 'next';
    const vias = message.vias();
    if (vias instanceof Malformed) return answerer.answer(incoming, 400, { reason: vias.reason });
    for (const { branch } of vias) {
      const parts = branch === undefined ? undefined : branches.decode(branch);
      if (parts?.loopHash === incoming.loopHash) return answerer.answer(incoming, 482);
    }
    return 'next';
  };
}

/** Of the account that the request is for, if it is for one. */
function aorOf(
  { message, requestUri, nextRoute, isOurDialog }: Incoming,
  users: LocalUsers,
  transport: Pick<TransportLayer, 'isOwnAddress'>,
): string | undefined {
  if (requestUri?.user === undefined || nextRoute !== undefined || isOurDialog) return undefined;
  const domain = localDomainOf(message, requestUri, users, transport);
  return domain === undefined ? undefined : users.named(requestUri, domain)?.aor;
}
