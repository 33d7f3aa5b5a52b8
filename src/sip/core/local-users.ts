import type { Account, NamedAccount } from '../accounts/account.ts';
import type { AccountDirectory } from '../accounts/directory.ts';
import { fromWireText } from '../message/characters.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { unescapeUri } from '../message/unescape.ts';
import type { NamedUser } from '../proxy/call-begin.ts';

export type Directory = Pick<AccountDirectory, 'isLocal' | 'find' | 'named' | 'accountOfNumber'>;

/** Which account a URI names. */
export class LocalUsers {
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  isLocal(host: string): boolean {
    return this.#directory.isLocal(host);
  }

  /** `host`: a domain to look in instead of that of the URI. */
  accountOf(uri: SipUri, host: string = uri.host): Account | undefined {
    if (uri.user === undefined) return undefined;
    if (uri.scheme === 'tel') return this.#directory.accountOfNumber(uri.user);
    return this.#directory.find(plainUser(uri.user), host);
  }

  /** Who `accountOf` would find, for less. */
  named(uri: NamedUser, host: string = uri.host): NamedAccount | undefined {
    if (uri.user === undefined) return undefined;
    if (uri.scheme === 'tel') return this.#directory.accountOfNumber(uri.user);
    return this.#directory.named(plainUser(uri.user), host);
  }

  /** By the name of the user as people write it. */
  find(user: string, host: string): Account | undefined {
    return this.#directory.find(user, host);
  }
}

/** As people write it: escapes undone (RFC 3261 §10.3 item 5), bytes read as UTF-8. */
function plainUser(user: string): string {
  for (let at = 0; at < user.length; at++) {
    const code = user.charCodeAt(at);
    if (code === 0x25 || code > 0x7e) return fromWireText(unescapeUri(user));
  }
  return user;
}
