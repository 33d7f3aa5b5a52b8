import type { Connection } from './connection.ts';
import type { SdpLine } from './lines.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Of an a=candidate line (RFC 8839 §5.1), what matters for a relay. */
export interface Candidate {
  readonly component: number;
  readonly isUdp: boolean;
  /** An address or a name (`….local`, RFC 8828). */
  readonly address: string;
  readonly port: number;
}

/** a=rtcp (RFC 3605). */
export interface ControlAttribute {
  readonly line: SdpLine;
  readonly port: number;
  /** Where it is not that of the c= line. */
  readonly address: string | undefined;
}

/** An m= line with what belongs to it; `lines` are all up to the next m= line. */
export interface MediaDescription {
  readonly index: number;
  /** `audio`, `video`, `image`, `application`, … */
  readonly media: string;
  /** 0: refused, ended, or carried by another stream (`isBundleOnly`). */
  readonly port: number;
  /** RFC 4566 §5.14: that many pairs of ports from `port` on. */
  readonly portCount: number;
  /** Of the port with its count, into the text. */
  readonly portStart: number;
  readonly portEnd: number;
  /** `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, `udptl`, `TCP/MSRP`, … */
  readonly protocol: string;
  readonly lines: readonly SdpLine[];
  /** Its own c= line. */
  readonly ownConnection: Connection | undefined;
  /** That of the session where it has none. */
  readonly connection: Connection | undefined;
  readonly direction: Direction;
  readonly control: ControlAttribute | undefined;
  /** a=rtcp-mux (RFC 5761) or a=rtcp-mux-only (RFC 8858). */
  readonly isMuxed: boolean;
  /** ICE credentials, of its own or of the session. */
  readonly hasIce: boolean;
  readonly candidates: readonly Candidate[];
  readonly mid: string | undefined;
  readonly isBundleOnly: boolean;
  /** SDES keys (RFC 4568) or DTLS (RFC 5763): what passes cannot be read on the way. */
  readonly isEncrypted: boolean;
}
