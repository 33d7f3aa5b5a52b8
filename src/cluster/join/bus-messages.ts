import { Fields } from './codec/fields.ts';
import { joinLimits } from './codec/join-limits.ts';

/** Services that the servers of a cluster offer each other. Who calls is known from the connection. */
export const clusterServices = {
  /** To a server that was removed, by the controller: it stands alone again. */
  removed: 'cluster/removed',
  /** To every member of a server, by the controller or its own: nothing new is to be placed there (or again). */
  drain: 'cluster/drain',
  /** At the controller: signs a new certificate for whoever calls. */
  renew: 'cluster/renew-certificate',
} as const;

/** Where eligible servers find the authority and its key: a `ServerIdentity`. */
export const clusterAuthorityKey = 'cfg/cluster/secret/authority';

export const drainBody = (isDraining: boolean): object => ({ isDraining });
export const isDrainingOf = (body: unknown): boolean => new Fields(body).boolean('isDraining');

export const renewalBody = (requestDer: Buffer): object => ({ certificateRequest: requestDer.toString('base64') });
export const certificateRequestOf = (body: unknown): Buffer =>
  new Fields(body).bytes('certificateRequest', joinLimits.maxRequestBytes);

export interface RenewalAnswer {
  readonly certificatePem: string;
  readonly authorityPem: string;
}

export function renewalAnswerOf(answer: unknown): RenewalAnswer {
  const fields = new Fields(answer);
  return {
    certificatePem: fields.text('certificatePem', joinLimits.maxPemCharacters),
    authorityPem: fields.text('authorityPem', joinLimits.maxPemCharacters),
  };
}
