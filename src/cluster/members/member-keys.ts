import { parseMemberId, type MemberId } from '../member-id.ts';

/** What a member says of itself, under its lease. A plain server may write only below its own name. */
export const memberPrefix = 'member/';
/** What it counts, under the same lease; a prefix of its own, because it changes every two seconds. */
export const loadPrefix = 'load/';

export const infoKey = (id: MemberId): string => `${memberPrefix}${id}/info`;
export const loadKey = (id: MemberId): string => `${loadPrefix}${id}/now`;

/** undefined = some other key. */
export const memberOfInfoKey = (key: string): MemberId | undefined => memberBetween(key, memberPrefix, '/info');
export const memberOfLoadKey = (key: string): MemberId | undefined => memberBetween(key, loadPrefix, '/now');

function memberBetween(key: string, prefix: string, end: string): MemberId | undefined {
  if (!key.startsWith(prefix) || !key.endsWith(end)) return undefined;
  const id = key.slice(prefix.length, -end.length);
  return parseMemberId(id) === undefined ? undefined : (id as MemberId);
}
