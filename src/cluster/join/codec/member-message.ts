import { DecodeError } from '#base';
import { Fields, integerOf, textOf } from './fields.ts';
import { joinLimits as limits } from './join-limits.ts';

/** What a server that joins or leaves says, in this order: hello, proof, request, accepted (or failed); hello, leave. */
export type MemberMessage = Hello | MemberProof | AdmissionRequest | Accepted | GivenUp | LeaveRequest;

export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  /** Of the product, for people. */
  readonly version: string;
  readonly intent: 'join' | 'leave';
  /** SPAKE2 share of role A; empty to leave. */
  readonly share: Buffer;
}

export interface MemberProof {
  readonly kind: 'proof';
  readonly confirmation: Buffer;
}

export interface OldKey {
  /** DER of the certificate that this server had in the cluster. */
  readonly certificate: Buffer;
  /** By its key, over `oldKeyStatement`. */
  readonly signature: Buffer;
}

export interface AdmissionRequest {
  readonly kind: 'request';
  readonly serverName: string;
  /** False: where the name is taken, the controller adds a number to it. */
  readonly isNameChosen: boolean;
  readonly hostName: string;
  /** PKCS#10, DER. */
  readonly certificateRequest: Buffer;
  /** DER of the certificate that its listeners show. */
  readonly listenerCertificate: Buffer;
  /** Empty: the address that the controller sees. */
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  readonly isUncheckedAddress: boolean;
  readonly weight: number;
  /** Ports of its own engine; 0 = it has none. */
  readonly enginePeerPort: number;
  readonly engineClientPort: number;
  /** Unix milliseconds, at the moment of sending. */
  readonly clockMs: number;
  /** Empty: none. */
  readonly currentClusterId: string;
  /** Lines that an issuer has signed, and that are registered for this server. */
  readonly licences: readonly string[];
  readonly oldKey: OldKey | undefined;
}

/** It has written down what it was granted. */
export interface Accepted {
  readonly kind: 'accepted';
}

/** It could not use what it was granted. */
export interface GivenUp {
  readonly kind: 'failed';
  readonly message: string;
}

export interface LeaveRequest {
  readonly kind: 'leave';
  readonly serverName: string;
  readonly key: OldKey;
}

/** @throws DecodeError naming the field. */
export function decodeMemberMessage(value: unknown): MemberMessage {
  const fields = new Fields(value);
  const kind = fields.oneOf('kind', ['hello', 'proof', 'request', 'accepted', 'failed', 'leave']);
  switch (kind) {
    case 'hello':
      return {
        kind,
        protocol: fields.integer('protocol', 0, limits.maxProtocol),
        version: fields.text('version', limits.maxVersionCharacters),
        intent: fields.oneOf('intent', ['join', 'leave']),
        share: fields.bytes('share', limits.shareBytes),
      };
    case 'proof':
      return { kind, confirmation: fields.bytes('confirmation', limits.confirmationBytes) };
    case 'request':
      return decodeRequest(fields);
    case 'accepted':
      return { kind };
    case 'failed':
      return { kind, message: fields.text('message', limits.maxTextCharacters) };
    case 'leave':
      return { kind, serverName: fields.text('serverName', limits.maxNameCharacters), key: oldKey(fields, 'key') };
  }
}

function decodeRequest(fields: Fields): AdmissionRequest {
  const publicPorts = fields.list('publicPorts', limits.maxPublicPorts, integerOf(1, 65_535));
  if (publicPorts.length === 0) throw new DecodeError('publicPorts is empty', 0);
  return {
    kind: 'request',
    serverName: fields.text('serverName', limits.maxNameCharacters),
    isNameChosen: fields.boolean('isNameChosen'),
    hostName: fields.text('hostName', limits.maxHostCharacters),
    certificateRequest: fields.bytes('certificateRequest', limits.maxRequestBytes),
    listenerCertificate: fields.bytes('listenerCertificate', limits.maxCertificateBytes),
    publicAddress: fields.text('publicAddress', limits.maxAddressCharacters),
    publicPorts,
    isUncheckedAddress: fields.boolean('isUncheckedAddress'),
    weight: fields.integer('weight', 1, limits.maxWeight),
    enginePeerPort: fields.integer('enginePeerPort', 0, 65_535),
    engineClientPort: fields.integer('engineClientPort', 0, 65_535),
    clockMs: fields.integer('clockMs', 0, Number.MAX_SAFE_INTEGER),
    currentClusterId: fields.text('currentClusterId', limits.clusterIdCharacters),
    licences: fields.has('licences')
      ? fields.list('licences', limits.maxLicences, textOf(limits.maxLicenceCharacters))
      : [],
    oldKey: fields.has('oldKey') ? oldKey(fields, 'oldKey') : undefined,
  };
}

function oldKey(fields: Fields, name: string): OldKey {
  const key = fields.object(name);
  return {
    certificate: key.bytes('certificate', limits.maxCertificateBytes),
    signature: key.bytes('signature', limits.maxSignatureBytes),
  };
}
