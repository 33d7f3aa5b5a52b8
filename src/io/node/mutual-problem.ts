import { certificateProblem, isOfUnknownAuthority } from './tls-server.ts';

/** As `certificateProblem`; here one authority counts, and the machine's own do not. */
export function mutualProblem(reason: unknown): string | undefined {
  return isOfUnknownAuthority(reason)
    ? 'it is not signed by the authority of this cluster'
    : certificateProblem(reason);
}
