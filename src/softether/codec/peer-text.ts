/** SoftEther peers cut hub, user and host names to this. */
const MAX_NAME_CHARACTERS = 255;

/** Text from a peer, as long as a peer of the original would keep it. */
export function cutName(text: string): string {
  return text.length <= MAX_NAME_CHARACTERS ? text : text.slice(0, MAX_NAME_CHARACTERS);
}
