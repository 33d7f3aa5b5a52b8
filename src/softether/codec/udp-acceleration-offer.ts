import type { Pack } from './pack.ts';

/** A client's wish to move frames over UDP beside the TCP connections. A server declines by not mentioning it. */
export interface UdpAccelerationOffer {
  /** 1 */
  readonly version: number;
  readonly maxVersion: number;
  /** `0.0.0.0` where the client is on loopback or does not know. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** 20 bytes, for version 1 */
  readonly clientKey: Buffer;
  /** 128 bytes, for version 2 */
  readonly clientKeyV2: Buffer;
  readonly supportsHmac: boolean;
  readonly supportsFastDisconnectDetection: boolean;
}

const KEY_BYTES = 20;
const KEY_V2_BYTES = 128;

/** Undefined if the client wants none, or its keys are not what they should be. */
export function udpAccelerationOfferOf(pack: Pack): UdpAccelerationOffer | undefined {
  const clientKey = pack.data('udp_acceleration_client_key');
  const clientKeyV2 = pack.data('udp_acceleration_client_key_v2');
  if (!pack.bool('use_udp_acceleration') || clientKey.length !== KEY_BYTES) return undefined;
  // Clients before version 2 send no second key
  const maxVersion = clientKeyV2.length === KEY_V2_BYTES ? pack.int('udp_acceleration_max_version') : 1;
  return {
    version: pack.int('udp_acceleration_version'),
    maxVersion,
    clientAddress: pack.ip('udp_acceleration_client_ip') ?? '0.0.0.0',
    clientPort: pack.int('udp_acceleration_client_port'),
    clientKey: Buffer.from(clientKey),
    clientKeyV2: Buffer.from(clientKeyV2),
    supportsHmac: pack.bool('support_hmac_on_udp_acceleration'),
    supportsFastDisconnectDetection: pack.bool('support_udp_accel_fast_disconnect_detect'),
  };
}

export function setUdpAccelerationOffer(pack: Pack, offer: UdpAccelerationOffer): Pack {
  return pack
    .setBool('use_udp_acceleration', true)
    .setInt('udp_acceleration_version', offer.version)
    .setInt('udp_acceleration_max_version', offer.maxVersion)
    .setIp('udp_acceleration_client_ip', offer.clientAddress)
    .setInt('udp_acceleration_client_port', offer.clientPort)
    .setData('udp_acceleration_client_key', offer.clientKey)
    .setData('udp_acceleration_client_key_v2', offer.clientKeyV2)
    .setBool('support_hmac_on_udp_acceleration', offer.supportsHmac)
    .setBool('support_udp_accel_fast_disconnect_detect', offer.supportsFastDisconnectDetection);
}
