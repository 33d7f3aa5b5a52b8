import { isIPv4Text } from './ipv4-text.ts';
import { asServerName, isServerName, serverNameRule } from '../member-id.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { InitRequest } from './cluster-steps.ts';
import type { OwnServer } from './running-cluster.ts';

const step = 'check this server';
const maxPorts = 128;

export interface OwnNames {
  readonly serverName: string;
  /** False: only what the host happens to be called; the controller may add a number. */
  readonly isNameChosen: boolean;
  /** IPv4 text; empty = not said. */
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  readonly weight: number;
  readonly isControllerOnly: boolean;
}

/** What was asked for, with what the server knows of itself where nothing was said. @throws ClusterFailure */
export function ownNames(request: InitRequest, self: OwnServer): OwnNames {
  const serverName = request.serverName ?? asServerName(self.defaultName);
  const isNameChosen = request.serverName !== undefined || self.isNameChosen;
  if (!isServerName(serverName)) {
    const message = `"${serverName}" cannot be the name of a server in a cluster: choose one with --name (${serverNameRule})`;
    throw new ClusterFailure('BAD_REQUEST', step, message);
  }
  const { publicAddress = '', weight = 100, controllerOnly = false } = request;
  if (publicAddress !== '' && !isIPv4Text(publicAddress)) {
    const message = `public address "${publicAddress}" is not IPv4, and clients can be sent nowhere else`;
    throw new ClusterFailure('BAD_PUBLIC_ADDRESS', step, message);
  }
  const asked = request.publicPorts ?? [];
  const publicPorts = asked.length > 0 ? asked : self.listenerPorts();
  if (publicPorts.length === 0) {
    const message =
      'this server listens on no port: clients could not be sent to it. Create a listener, or name a public port';
    throw new ClusterFailure('BAD_REQUEST', step, message);
  }
  const bad = publicPorts.find((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (bad !== undefined) throw new ClusterFailure('BAD_REQUEST', step, `${bad} is not a port (1 to 65535)`);
  if (publicPorts.length > maxPorts) {
    throw new ClusterFailure(
      'BAD_REQUEST',
      step,
      `${publicPorts.length} public ports, at most ${maxPorts} are possible`,
    );
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > 1_000_000) {
    throw new ClusterFailure('BAD_REQUEST', step, `weight ${weight} is not an integer from 1 to 1000000`);
  }
  return { serverName, isNameChosen, publicAddress, publicPorts, weight, isControllerOnly: controllerOnly };
}
