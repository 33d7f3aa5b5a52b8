import { Fields } from './codec/fields.ts';

/** Services that every server of a cluster offers the controller. The controller itself is told apart by who calls. */
export const clusterServices = {
  /** To a server that was removed: it stands alone again. */
  removed: 'cluster/removed',
  /** To every member of a server: nothing new is to be placed there (or again). */
  drain: 'cluster/drain',
  /** At the controller: signs a new certificate for whoever calls. */
  renew: 'cluster/renew-certificate',
} as const;

export const drainBody = (isDraining: boolean): object => ({ isDraining });
export const isDrainingOf = (body: unknown): boolean => new Fields(body).boolean('isDraining');
