import { Pack } from './pack.ts';

/** The answer to `enum_hub`: the hubs that anybody may know of. */
export function encodeHubNames(names: readonly string[]): Pack {
  return new Pack().set('str', 'HubName', names).setInt('NumHub', names.length);
}
