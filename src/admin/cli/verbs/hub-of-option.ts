import type { Api } from '../api-client.ts';
import { usageError } from '../exit-code.ts';

/** The hub that a verb is about: the one named, or the only one there is. */
export async function hubOfOption(api: Api, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const hubs = (await api.call('EnumHub')).rows('HubList').map((row) => row.text('HubName'));
  const [only, ...more] = hubs;
  if (only === undefined) throw usageError('the server has no hub: make one with "hubfarm hub create NAME"');
  if (more.length > 0) throw usageError(`which hub? add --hub: ${hubs.slice(0, 20).join(', ')}`);
  return only;
}
