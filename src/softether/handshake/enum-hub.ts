import { encodeHubNames } from '../codec/enum-hub.ts';
import type { MethodHandler } from './context.ts';

/** `enum_hub`: the names of the Virtual Hubs, for anybody who asks; hidden ones are left out. */
export const enumHub: MethodHandler = (_request, { directory }) => {
  const names = directory.hubs().flatMap((hub) => (hub.isHiddenFromEnum ? [] : [hub.name]));
  return { kind: 'answer', answer: encodeHubNames(names) };
};
