import type { Account } from '../accounts/account.ts';

/** Who asks. */
export interface Watcher {
  /** Proven by credentials; undefined: somebody of elsewhere, or of a trusted network. */
  readonly account: Account | undefined;
  readonly isTrusted: boolean;
}

/** One event package (RFC 6665 §7): what is told of an account, to whom. */
export interface EventPackage {
  readonly name: string;
  readonly contentType: string;
  /** No two NOTIFYs of one subscription closer than this. */
  readonly intervalMs: number;
  mayWatch(watcher: Watcher, account: Account): boolean;
  /** undefined: nobody may publish it. */
  readonly mayPublish?: (watcher: Watcher, account: Account) => boolean;
  /** The whole state. `version` counts the documents of one subscription, from 0. */
  document(aor: string, version: number): Buffer;
}

/** The account itself, or somebody on its behalf. */
export const isOwner = ({ account: watcher, isTrusted }: Watcher, account: Account): boolean =>
  isTrusted || watcher?.aor === account.aor;

/** Somebody with an account here. */
export const isKnown = ({ account, isTrusted }: Watcher): boolean => isTrusted || account !== undefined;

/** Somebody of the same domain: who sees another's calls works with him. */
export const isColleague = ({ account: watcher, isTrusted }: Watcher, account: Account): boolean =>
  isTrusted || watcher?.domain === account.domain;
