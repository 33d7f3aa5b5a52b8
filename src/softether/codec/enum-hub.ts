import { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';

/** The answer to `enum_hub`: the hubs that anybody may know of. */
export function encodeHubNames(names: readonly string[]): Pack {
  return new Pack().set('str', 'HubName', names).setInt('NumHub', names.length);
}

export function decodeHubNames(pack: Pack): string[] {
  return pack.values('str', 'HubName').map(cutName);
}
