/**
 * A member: one event loop of a server. `<server>/<index>`: the server's name in the cluster, and which of its threads
 * (0 = the first, which also administers). Keys of the backplane hold it as two path segments, so that the engine can
 * confine a server to its own keys.
 */
export type MemberId = `${string}/${number}`;

/** It becomes part of keys and of a certificate, whose name is that of a user of the engine. */
const serverName = /^(?!root$)[a-z0-9][a-z0-9._-]{0,62}$/i;
/** For people. */
export const serverNameRule =
  '1 to 63 letters, digits, "-", "_" and ".", beginning with a letter or digit, and not "root", the superuser of the engine';
const memberId = /^(?<server>[A-Za-z0-9][A-Za-z0-9._-]{0,62})\/(?<index>0|[1-9][0-9]{0,3})$/;

export const isServerName = (text: string): boolean => serverName.test(text);

/** A host name without what a server's name may not have; what is left need not be one. */
export const asServerName = (hostName: string): string =>
  hostName
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);

export const memberIdOf = (server: string, index: number): MemberId => `${server}/${index}`;

/** undefined = not the name of a member. */
export function parseMemberId(text: string): { readonly server: string; readonly index: number } | undefined {
  const groups = memberId.exec(text)?.groups;
  if (groups === undefined) return undefined;
  return { server: groups['server'] ?? '', index: Number(groups['index']) };
}

/** How people see it: the server's name alone for its first member. */
export function memberName(id: MemberId): string {
  return id.endsWith('/0') ? id.slice(0, -2) : id;
}
