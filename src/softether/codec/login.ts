import { clientProductOf, setClientProduct, type ClientProduct } from './client-product.ts';
import { proofOf, setProof, type LoginProof } from './login-proof.ts';
import { nodeInfoOf, setNodeInfo, type NodeInfoFields } from './node-info.ts';
import { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';
import {
  setUdpAccelerationOffer,
  udpAccelerationOfferOf,
  type UdpAccelerationOffer,
} from './udp-acceleration-offer.ts';
import { setWindowsVersion, windowsVersionOf, type WindowsVersion } from './windows-version.ts';

/** The `login` PACK of a client. */
export interface LoginRequest {
  readonly hubName: string;
  /** As typed; compares without case. */
  readonly userName: string;
  readonly proof: LoginProof;
  readonly client: ClientProduct;
  /** `hello`, `version`, `build`: the same again; the name is what logs show. */
  readonly helloProduct: ClientProduct;
  readonly clientId: number;
  /** TCP connections wanted; as it came, a server bounds it. */
  readonly maxConnection: number;
  readonly useEncrypt: boolean;
  readonly useCompress: boolean;
  readonly halfConnection: boolean;
  readonly requireBridgeRoutingMode: boolean;
  readonly requireMonitorMode: boolean;
  readonly qos: boolean;
  /** Hash of the client's machine, 20 bytes, or empty. */
  readonly uniqueId: Buffer;
  readonly supportsUdpRecovery: boolean;
  readonly udpAcceleration: UdpAccelerationOffer | undefined;
  /** Clients that a vendor has branded for servers of his own; else empty. */
  readonly brand: string;
  /** TCP MSS to clamp to, in bytes; 0 = leave. */
  readonly adjustMss: number;
  readonly nodeInfo: NodeInfoFields | undefined;
  readonly windows: WindowsVersion;
}

/** Undefined if the hub or the user is not named: error 4. */
export function decodeLogin(pack: Pack): LoginRequest | undefined {
  const hubName = cutName(pack.str('hubname'));
  const userName = cutName(pack.str('username'));
  if (hubName === '' || userName === '') return undefined;
  return {
    hubName,
    userName,
    proof: proofOf(pack),
    client: clientProductOf(pack),
    helloProduct: { name: cutName(pack.str('hello')), version: pack.int('version'), build: pack.int('build') },
    clientId: pack.int('client_id'),
    maxConnection: pack.int('max_connection'),
    useEncrypt: pack.bool('use_encrypt'),
    useCompress: pack.bool('use_compress'),
    halfConnection: pack.bool('half_connection'),
    requireBridgeRoutingMode: pack.bool('require_bridge_routing_mode'),
    requireMonitorMode: pack.bool('require_monitor_mode'),
    qos: pack.bool('qos'),
    uniqueId: uniqueIdOf(pack),
    supportsUdpRecovery: pack.bool('support_udp_recovery'),
    udpAcceleration: udpAccelerationOfferOf(pack),
    brand: cutName(pack.str('branded_ctos')),
    adjustMss: pack.int('adjust_mss'),
    nodeInfo: nodeInfoOf(pack),
    windows: windowsVersionOf(pack),
  };
}

const UNIQUE_ID_BYTES = 20;
const NO_ID = Buffer.alloc(0);

function uniqueIdOf(pack: Pack): Buffer {
  const id = pack.data('unique_id');
  return id.length === UNIQUE_ID_BYTES ? Buffer.from(id) : NO_ID;
}

export function encodeLogin(login: LoginRequest): Pack {
  const pack = new Pack().setStr('method', 'login').setStr('hubname', login.hubName).setStr('username', login.userName);
  setProof(pack, login.proof);
  setClientProduct(pack, login.client);
  pack
    .setStr('hello', login.helloProduct.name)
    .setInt('version', login.helloProduct.version)
    .setInt('build', login.helloProduct.build)
    .setInt('client_id', login.clientId)
    // 0 = TCP
    .setInt('protocol', 0)
    .setInt('max_connection', login.maxConnection)
    .setBool('use_encrypt', login.useEncrypt)
    .setBool('use_compress', login.useCompress)
    .setBool('half_connection', login.halfConnection)
    .setBool('require_bridge_routing_mode', login.requireBridgeRoutingMode)
    .setBool('require_monitor_mode', login.requireMonitorMode)
    .setBool('qos', login.qos)
    .setBool('support_udp_recovery', login.supportsUdpRecovery);
  if (login.uniqueId.length > 0) pack.setData('unique_id', login.uniqueId);
  if (login.udpAcceleration !== undefined) setUdpAccelerationOffer(pack, login.udpAcceleration);
  if (login.brand !== '') pack.setStr('branded_ctos', login.brand);
  if (login.adjustMss !== 0) pack.setInt('adjust_mss', login.adjustMss);
  if (login.nodeInfo !== undefined) setNodeInfo(pack, login.nodeInfo);
  return setWindowsVersion(pack, login.windows);
}
