import { Malformed } from '../../message/malformed.ts';
import { loopHash } from '../../proxy/loop-hash.ts';
import type { BranchCodec } from '../../transaction/branch.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';

/**
 * RFC 5393 §4.2: a request that was here before, and would be sent the same way again. All members of a farm are one
 * server in this: they have the same key.
 */
export function detectLoop(answerer: Answerer, branches: BranchCodec): Link {
  return (incoming) => {
    const { message } = incoming;
    incoming.loopHash = loopHash(message);
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
