import { equalConstantTime, HubfarmError, RunningSha256 } from '#base';
import type { Files } from '#io';
import { decodeSnapshotPart } from './codec/maintenance.ts';
import { judged } from './engine-errors.ts';
import { methods } from './methods.ts';
import type { EngineClient } from './rpc/engine-client.ts';

const hashBytes = 32;

/** A backup that could not be written, or did not come over whole. */
class BackupFailed extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('BACKUP_FAILED', message, options);
  }
}

/**
 * Writes the engine's snapshot: its database file and behind it the SHA-256 of that, which restoring checks, and which is
 * checked here before the file gets its name.
 */
export async function saveSnapshot(client: EngineClient, files: Files, path: string): Promise<void> {
  await files.writeNew(path, checkedParts(client));
}

async function* checkedParts(client: EngineClient): AsyncGenerator<Uint8Array> {
  const hash = new RunningSha256();
  let tail: Buffer = Buffer.alloc(0);
  let remaining = 0;
  try {
    for await (const message of client.read(methods.snapshot, new Uint8Array(0))) {
      const { blob, remainingBytes } = decodeSnapshotPart(message);
      remaining = remainingBytes;
      // The last 32 bytes are not part of what they are the hash of.
      const all = Buffer.concat([tail, blob]);
      const content = all.subarray(0, Math.max(0, all.length - hashBytes));
      tail = all.subarray(content.length);
      hash.add(content);
      yield blob;
    }
  } catch (error) {
    throw judged(error);
  }
  if (remaining > 0 || tail.length < hashBytes || !equalConstantTime(hash.finish(), tail)) {
    throw new BackupFailed('the snapshot did not come over whole: its hash is wrong; try again');
  }
}
