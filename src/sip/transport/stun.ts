import { parseIpAddress } from '#base';

const HEADER_BYTES = 20;
const MAGIC_COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_RESPONSE = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;

/** Type (its first two bits are 0), length, magic cookie, 96 bits of transaction id: RFC 5389 §6. No SIP begins like that. */
export function isStun(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0]! < 0x40 && bytes.readUInt32BE(4) === MAGIC_COOKIE;
}

/**
 * The keep-alive of RFC 5626 §3.5.2: a Binding request is answered with the address that it came from. undefined: it is
 * another STUN message, or not whole.
 */
export function stunAnswer(request: Buffer, address: string, port: number): Buffer | undefined {
  const mapped = parseIpAddress(address);
  const isRequest = request.readUInt16BE(0) === BINDING_REQUEST;
  if (!isRequest || mapped === undefined || request.readUInt16BE(2) !== request.length - HEADER_BYTES) return undefined;
  const answer = Buffer.alloc(HEADER_BYTES + 8 + mapped.length);
  answer.writeUInt16BE(BINDING_RESPONSE, 0);
  answer.writeUInt16BE(answer.length - HEADER_BYTES, 2);
  request.copy(answer, 4, 4, HEADER_BYTES);
  // RFC 5389 §15.2: type, length, 0, family, then port and address hidden by cookie and transaction id
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(4 + mapped.length, 22);
  answer.writeUInt8(mapped.length === 4 ? 1 : 2, 25);
  answer.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26);
  for (let i = 0; i < mapped.length; i++) answer[28 + i] = mapped[i]! ^ request[4 + i]!;
  return answer;
}
