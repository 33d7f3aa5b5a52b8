/** Bytes of an attribute of netlink. */
function attribute(type: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const bytes = Buffer.alloc(4 + value.length + (-value.length & 3));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

function counter(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return attribute(type, bytes);
}

/** What the kernel answers of one element with a counter: NFT_MSG_NEWSETELEM. */
export function elementAnswer(number: number, key: Buffer, packets: number, bytes: number): Buffer {
  const expression = attribute(
    7,
    attribute(1, Buffer.from('counter\0')),
    attribute(2, counter(1, bytes), counter(2, packets)),
  );
  const element = attribute(1, attribute(1, attribute(1, key)), expression);
  const message = Buffer.concat([
    Buffer.alloc(20),
    attribute(1, Buffer.from('table\0')),
    attribute(2, Buffer.from('z4\0')),
    attribute(3, element),
  ]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE((10 << 8) | 12, 4);
  message.writeUInt32LE(number, 8);
  return message;
}
