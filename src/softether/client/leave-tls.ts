import type { ByteStream } from '#io';
import { protocolFailure, success, type Result } from './failure.ts';

const NOTHING = Buffer.alloc(0);

/** The session has `use_encrypt` 0: frames go on in clear on the same TCP connection (SoftEther protocol §5.4). */
export async function leaveTls(stream: ByteStream, name: string): Promise<Result<ByteStream>> {
  const left = stream.dropEncryption(NOTHING);
  if (left === undefined) {
    stream.close();
    return protocolFailure(`${name} wants to go on without TLS, which this machine cannot`);
  }
  try {
    return success(await left);
  } catch {
    return protocolFailure(`${name} ended the connection when it left TLS`);
  }
}
