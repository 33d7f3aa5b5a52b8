import { parseMemberId, type MemberId } from '#cluster';

/** People, and bindings, call the first member of a server like the server. */
export const memberIdOf = (name: string): MemberId =>
  parseMemberId(name) === undefined ? `${name}/0` : (name as MemberId);
