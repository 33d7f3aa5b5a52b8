import { signRsaSha1 } from '#base';
import { securePassword, userPasswordHash } from '../auth/password-hash.ts';
import type { ClientProduct } from '../codec/client-product.ts';
import type { Hello } from '../codec/hello.ts';
import type { LoginRequest } from '../codec/login.ts';
import type { LoginProof } from '../codec/login-proof.ts';
import type { NodeInfoFields } from '../codec/node-info.ts';
import { notWindows } from '../codec/windows-version.ts';

/** How the user proves who they are. */
export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly password: string }
  /** The password itself goes to the server, inside TLS: for users of RADIUS or a domain. */
  | { readonly kind: 'plainPassword'; readonly password: string }
  | {
      readonly kind: 'certificate';
      readonly certificateDer: Buffer;
      /** RSA, PEM or DER; see `canSign`. */
      readonly privateKey: Buffer | string;
    };

export interface ClientAccount {
  readonly hubName: string;
  readonly userName: string;
  readonly credentials: Credentials;
  /** TCP connections, 1 to 32; the server may grant fewer. */
  readonly maxConnection: number;
  /** False: frames go in clear after the log-in, where the server allows it. */
  readonly useEncrypt: boolean;
  readonly useCompress: boolean;
  /** Each connection carries frames one way. */
  readonly halfConnection: boolean;
  /** More than one MAC address behind the session, where the policy allows it. */
  readonly requireBridgeRoutingMode?: boolean;
  /** Receives a copy of every frame of the hub, sends none. */
  readonly requireMonitorMode?: boolean;
}

/** What the client says of itself. */
export interface ClientIdentity {
  readonly product: ClientProduct;
  /** Of this machine or process, 20 bytes: a new log-in with it takes the place of a session that the server still holds. */
  readonly uniqueId: Buffer;
  /** Absent: nothing is said of the machine. */
  readonly machine?: { readonly hostName: string; readonly osName: string; readonly osVersion: string };
}

const NO_SIGNATURE = Buffer.alloc(0);

/** Whether users can log in with this key: it must be RSA, and one that can be read. */
export function canSign(privateKey: Buffer | string): boolean {
  return signRsaSha1(privateKey, NO_SIGNATURE) !== undefined;
}

/** A key that cannot sign makes a proof that no server accepts. */
export function proofOfUser({ credentials, userName }: ClientAccount, random: Buffer): LoginProof {
  switch (credentials.kind) {
    case 'anonymous':
      return { kind: 'anonymous' };
    case 'password':
      return { kind: 'password', secure: securePassword(userPasswordHash(credentials.password, userName), random) };
    case 'plainPassword':
      return { kind: 'plainPassword', password: credentials.password };
    case 'certificate': {
      const signature = signRsaSha1(credentials.privateKey, random) ?? NO_SIGNATURE;
      return { kind: 'certificate', certificate: credentials.certificateDer, signature };
    }
  }
}

export function loginRequest(
  account: ClientAccount,
  identity: ClientIdentity,
  hello: Hello,
  proof: LoginProof,
): LoginRequest {
  const { product, uniqueId, machine } = identity;
  return {
    hubName: account.hubName,
    userName: account.userName,
    proof,
    client: product,
    helloProduct: product,
    clientId: 0,
    maxConnection: account.maxConnection,
    useEncrypt: account.useEncrypt,
    useCompress: account.useCompress,
    halfConnection: account.halfConnection,
    requireBridgeRoutingMode: account.requireBridgeRoutingMode === true,
    requireMonitorMode: account.requireMonitorMode === true,
    qos: false,
    uniqueId,
    supportsUdpRecovery: false,
    udpAcceleration: undefined,
    brand: '',
    adjustMss: 0,
    nodeInfo: machine && nodeInfo(identity, machine, hello),
    windows: notWindows(machine?.osName ?? ''),
  };
}

/** The server shows it to its administrator. Addresses are left out: it sees them itself. */
function nodeInfo(
  { product, uniqueId }: ClientIdentity,
  machine: NonNullable<ClientIdentity['machine']>,
  hello: Hello,
): NodeInfoFields {
  return {
    clientProductName: product.name,
    clientProductVersion: product.version,
    clientProductBuild: product.build,
    clientOsName: machine.osName,
    clientOsVersion: machine.osVersion,
    clientOsProductId: '',
    clientHostname: machine.hostName,
    clientAddress: '0.0.0.0',
    clientPort: 0,
    serverProductName: hello.product,
    serverProductVersion: hello.version,
    serverProductBuild: hello.build,
    serverHostname: '',
    serverAddress: '0.0.0.0',
    serverPort: 0,
    proxyHostname: '',
    proxyAddress: '0.0.0.0',
    proxyPort: 0,
    hubName: '',
    uniqueId: uniqueId.subarray(0, 16),
  };
}
