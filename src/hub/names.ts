import { DirectoryError } from './errors.ts';

const maxNameLength = 255;

/** SoftEther's "safe" characters. A slash is none of them, so a name is one part of a backplane key. */
const safe = /^[A-Za-z0-9 ()\-_#%&.]+$/;
const safeUser = /^[A-Za-z0-9 ()\-_#%&.@]+$/;

/** SoftEther's own sessions have these as names of their users: in lists nobody could tell a person from a bridge. */
const builtInUser = /^(?:link|cascade|securenat|localbridge|local bridge|l3sw_.*)$/i;

/** Throws `BAD_NAME` unless a hub may be called so. */
export function checkHubName(name: string): void {
  check(name, safe, 'hub');
  if (name.startsWith('.') || name.endsWith('.')) {
    throw new DirectoryError('BAD_NAME', `hub name "${name}" must not begin or end with a dot`);
  }
}

/** Throws `BAD_NAME` unless a user may be called so. `*` is the user that stands for everybody. */
export function checkUserName(name: string): void {
  if (name === '*') return;
  check(name, safeUser, 'user');
  if (builtInUser.test(name)) {
    throw new DirectoryError(
      'BAD_NAME',
      `user name "${name}" is that of a session of the server itself: choose another`,
    );
  }
}

function check(name: string, allowed: RegExp, what: string): void {
  if (name === '') throw new DirectoryError('BAD_NAME', `a ${what} needs a name`);
  if (name.length > maxNameLength) {
    throw new DirectoryError('BAD_NAME', `${what} name of ${name.length} characters, at most ${maxNameLength} allowed`);
  }
  if (!allowed.test(name)) {
    throw new DirectoryError(
      'BAD_NAME',
      `${what} name "${name}" has a character that is not allowed; letters, digits, space and ()-_#%&.${what === 'user' ? '@' : ''} are`,
    );
  }
  if (name.trim() !== name) throw new DirectoryError('BAD_NAME', `${what} name "${name}" begins or ends with a space`);
}

/** Hub names compare without case; the upper-cased one is the key. */
export function hubKeyOf(name: string): string {
  return name.toUpperCase();
}

/** User names compare without case; the lower-cased one is the key. */
export function userKeyOf(name: string): string {
  return name.toLowerCase();
}

export const hubPrefix = 'cfg/hub/';

export function hubRecordKey(hub: string): string {
  return `${hubPrefix}${hubKeyOf(hub)}`;
}

export function userRecordKey(hub: string, user: string): string {
  return `${hubRecordKey(hub)}/user/${userKeyOf(user)}`;
}

export const statPrefix = 'stat/hub/';

export function hubStatKey(hub: string): string {
  return `${statPrefix}${hubKeyOf(hub)}`;
}

export function userStatKey(hub: string, user: string): string {
  return `${hubStatKey(hub)}/user/${userKeyOf(user)}`;
}
