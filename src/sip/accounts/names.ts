import { AccountError } from './errors.ts';
import { accountLimits } from './limits.ts';

export const accountsPrefix = 'cfg/sip/';
export const domainPrefix = 'cfg/sip/domain/';
export const accountPrefix = 'cfg/sip/account/';

export const domainKey = (domain: string): string => domainPrefix + domain;
export const accountKey = (domain: string, user: string): string => `${accountPrefix}${domain}/${user}`;

const host = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|[0-9a-f:.]*:[0-9a-f:.]*)$/;
/** RFC 3261 §25.1 `user` without escapes, and without `/` and `:`, which keys and digests are built with. */
const user = /^[A-Za-z0-9\-_.!~*'()&=+$,;?]+$/;
const number = /^\+?[0-9][0-9().\s-]*$/;
const separators = /[().\s-]/g;

/** Lower case, without the dot at the end or the brackets of an IPv6 address. @throws AccountError BAD_NAME. */
export function domainName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  if (host.test(name) && name.length <= accountLimits.domainMaxChars) return name;
  throw new AccountError('BAD_NAME', `"${text.slice(0, 80)}" is no domain: give a host name or an IP address`);
}

/** @throws AccountError BAD_NAME. */
export function checkUser(text: string): string {
  if (user.test(text) && text.length <= accountLimits.userMaxChars) return text;
  throw new AccountError(
    'BAD_NAME',
    `"${text.slice(0, 80)}" cannot be the user of an account: 1 to ${accountLimits.userMaxChars} letters, digits and -_.!~*'()&=+$,;?`,
  );
}

/** As people write it, in the form that is compared: `+49 (30) 12-34` is `+49301234`. undefined = no telephone number. */
export function telephoneNumber(text: string): string | undefined {
  return number.test(text) ? text.replace(separators, '') : undefined;
}

/** An alias as it is kept: a number in its plain form, or a user. @throws AccountError BAD_NAME. */
export function aliasName(text: string): string {
  return (text.startsWith('+') ? telephoneNumber(text) : undefined) ?? checkUser(text);
}
