import { memberName, type MemberBoot } from '#cluster';
import type { LocalUsers } from '../core/local-users.ts';
import type { AccountPlaces } from '../farm/account-places.ts';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';

export interface AccountWorkParts {
  readonly users: LocalUsers;
  /** Who changes the bindings of an account; undefined: nobody at the moment. */
  readonly ownerOf: (aor: string) => 'here' | MemberBoot | undefined;
  /** Of this member, as bindings name it. */
  readonly member: string;
}

/**
 * OPTIONS for the server: anybody answers. REGISTER: any member challenges the first one of a client, as all can check each
 * other's nonces; the answer to the challenge goes to the member that owns the account, which remembers whose credentials came
 * before.
 */
export class AccountWork implements AccountPlaces {
  readonly #parts: AccountWorkParts;

  constructor(parts: AccountWorkParts) {
    this.#parts = parts;
  }

  placeOf(request: SipMessage): string | undefined {
    const { method } = request;
    if (method !== 'REGISTER' && method !== 'OPTIONS') return undefined;
    const { users } = this.#parts;
    const uri = request.requestUri();
    if (uri === undefined || !users.isLocal(uri.host)) return undefined;
    if (method === 'OPTIONS') return uri.user === undefined ? 'anybody' : undefined;
    const to = request.to().uri;
    if (to === undefined || !users.isLocal(to.host)) return undefined;
    if (!request.has(HeaderId.Authorization)) return 'anybody';
    const aor = users.named(to)?.aor;
    return aor === undefined ? undefined : this.ownerOf(aor);
  }

  ownerOf(aor: string): string | undefined {
    const { ownerOf, member } = this.#parts;
    const owner = ownerOf(aor);
    return owner === 'here' ? member : owner && memberName(owner.member);
  }
}
