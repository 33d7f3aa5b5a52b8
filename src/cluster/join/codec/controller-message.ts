import { Fields, textOf } from './fields.ts';
import { joinLimits as limits } from './join-limits.ts';

/** What the controller says: share, proof, progress…, grant, done; at any place `refused`, which is the last. */
export type ControllerMessage = Share | ControllerProof | Progress | Grant | Done | RefusedAnswer;

export interface Share {
  readonly kind: 'share';
  readonly protocol: number;
  readonly version: string;
  /** SPAKE2 share of role B; empty to one who leaves. */
  readonly share: Buffer;
}

export interface ControllerProof {
  readonly kind: 'proof';
  readonly confirmation: Buffer;
  readonly clusterId: string;
}

export interface Progress {
  readonly kind: 'progress';
  readonly step: string;
  readonly text: string;
  readonly state: 'started' | 'done' | 'warning';
}

export interface Grant {
  readonly kind: 'grant';
  readonly clusterId: string;
  readonly serverName: string;
  /** One or more certificates of the cluster's authority, PEM. */
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly engineRole: 'voter' | 'learner' | 'client';
  readonly engineEndpoints: readonly string[];
  readonly initialCluster: string;
  /** As the controller sees it. */
  readonly address: string;
  readonly publicAddress: string;
  readonly isEligible: boolean;
}

/** The newcomer belongs to the cluster now; or who left does no more. */
export interface Done {
  readonly kind: 'done';
}

export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly code: string;
  /** The step in words. */
  readonly step: string;
  readonly message: string;
}

/** @throws DecodeError naming the field. */
export function decodeControllerMessage(value: unknown): ControllerMessage {
  const fields = new Fields(value);
  const kind = fields.oneOf('kind', ['share', 'proof', 'progress', 'grant', 'done', 'refused']);
  switch (kind) {
    case 'share':
      return {
        kind,
        protocol: fields.integer('protocol', 0, limits.maxProtocol),
        version: fields.text('version', limits.maxVersionCharacters),
        share: fields.bytes('share', limits.shareBytes),
      };
    case 'proof':
      return {
        kind,
        confirmation: fields.bytes('confirmation', limits.confirmationBytes),
        clusterId: fields.text('clusterId', limits.clusterIdCharacters),
      };
    case 'progress':
      return {
        kind,
        step: fields.text('step', limits.maxCodeCharacters),
        text: fields.text('text', limits.maxTextCharacters),
        state: fields.oneOf('state', ['started', 'done', 'warning']),
      };
    case 'grant':
      return decodeGrant(fields);
    case 'done':
      return { kind };
    case 'refused':
      return {
        kind,
        code: fields.text('code', limits.maxCodeCharacters),
        step: fields.text('step', limits.maxTextCharacters),
        message: fields.text('message', limits.maxTextCharacters),
      };
  }
}

function decodeGrant(fields: Fields): Grant {
  return {
    kind: 'grant',
    clusterId: fields.text('clusterId', limits.clusterIdCharacters),
    serverName: fields.text('serverName', limits.maxNameCharacters),
    authorityPem: fields.text('authorityPem', limits.maxPemCharacters),
    certificatePem: fields.text('certificatePem', limits.maxPemCharacters),
    engineRole: fields.oneOf('engineRole', ['voter', 'learner', 'client']),
    engineEndpoints: fields.list('engineEndpoints', limits.maxEndpoints, textOf(limits.maxEndpointCharacters)),
    initialCluster: fields.text('initialCluster', limits.maxInitialClusterCharacters),
    address: fields.text('address', limits.maxAddressCharacters),
    publicAddress: fields.text('publicAddress', limits.maxAddressCharacters),
    isEligible: fields.boolean('isEligible'),
  };
}
