import type { Bus } from '../bus.ts';
import type { Controllership, Membership } from '../membership.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import type { DeskCluster } from './join-visit.ts';
import type { ServerRegistry } from './server-registry.ts';

/** What runs on a server that is in a cluster. app makes it with each start; the steps reach it through a function. */
export interface RunningCluster {
  readonly membership: Membership;
  readonly controllership: Controllership;
  readonly bus: Bus;
  /** Reads work everywhere; writes only at the controller. */
  readonly desk: DeskCluster;
  /** The same list, for showing it: who asks does not wait long for a slow engine. */
  readonly listed?: Pick<ServerRegistry, 'list'>;
  /** Of a member. */
  readonly connection: ClusterConnection | undefined;
  /** Hubs and users are those that this server saw then (unix milliseconds); undefined = they are what the engine has. */
  readonly seenAtMs?: () => number | undefined;
}

/** What the steps must know of the server that runs now. */
export interface OwnServer {
  /** The configured name, else the host name. */
  readonly defaultName: string;
  /** Somebody configured it: the controller must not choose another when it is taken. */
  readonly isNameChosen: boolean;
  readonly hostName: string;
  /** IPv4 or IPv6 text of this machine, for others; undefined = none found. */
  address(): string | undefined;
  /** DER. */
  listenerCertificate(): Buffer;
  /** Lines of licences that are registered for it. */
  licences(): readonly string[];
  /** Those that listen. */
  listenerPorts(): readonly number[];
}
