import { HubfarmError } from '#base';
import type { ClusterModes } from '#cluster';
import type { ModeControl } from '../member/seat.ts';
import type { ClusterPart } from './cluster-part.ts';

/** Further members of a server only say which part it plays: the first one changes it. */
export function fixedModes(part: ClusterPart): ModeControl {
  const { mode, weight, isControllerOnly, publicAddress, publicPorts = [] } = part;
  const refuse = (): Promise<never> =>
    Promise.reject(new HubfarmError('NOT_HERE', 'the part of a server in a cluster is changed at its first member'));
  const modes: ClusterModes = {
    status: () => ({
      mode,
      weight,
      isControllerOnly,
      publicAddress,
      publicPorts,
      controllerHost: '',
      controllerPort: 0,
      connection: undefined,
    }),
    setStandalone: refuse,
    setController: refuse,
    setMember: refuse,
  };
  return { modes, tasks: undefined, backUp: refuse, alpn: [], takeOver: (stream) => stream.close() };
}
