import { join } from 'node:path';
import { HubfarmError } from '#base';
import type { EnginePeer } from '#backplane';
import type { Files, ServerIdentity } from '#io';
import { objectOf, stringOf } from '../parse-record.ts';

/** What this server needs to start its own part of the engine: `<data>/cluster/engine.json`, for its owner only. */
export interface EngineRecord {
  /** Where the others reach it; in both certificates. */
  readonly host: string;
  /** Counts only until the engine has data of its own. */
  readonly join: 'new' | readonly EnginePeer[];
  /** For the peer port. */
  readonly peer: ServerIdentity;
}

const maxBytes = 262_144;
const fileName = 'engine.json';

export async function readEngineRecord(files: Files, clusterDirectory: string): Promise<EngineRecord | undefined> {
  const path = join(clusterDirectory, fileName);
  const bytes = await files.read(path, maxBytes);
  if (bytes === undefined) return undefined;
  try {
    return parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    const cure = 'put it back from a backup, or delete it: this server then takes part as a client of the engine';
    throw new HubfarmError('DAMAGED_CLUSTER_FILES', `${path} is damaged: ${cure}`, { cause });
  }
}

export async function writeEngineRecord(files: Files, clusterDirectory: string, record: EngineRecord): Promise<void> {
  await files.makeDirectory(clusterDirectory);
  await files.writeAtomic(join(clusterDirectory, fileName), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function removeEngineRecord(files: Files, clusterDirectory: string): Promise<void> {
  return files.remove(join(clusterDirectory, fileName));
}

function parse(value: unknown): EngineRecord {
  const record = objectOf(value);
  const peer = objectOf(record['peer']);
  const peerJoin = record['join'];
  return {
    host: stringOf(record, 'host'),
    join: peerJoin === 'new' ? 'new' : peersOf(peerJoin),
    peer: { certificatePem: stringOf(peer, 'certificatePem'), privateKeyPem: stringOf(peer, 'privateKeyPem') },
  };
}

export function peersOf(value: unknown): readonly EnginePeer[] {
  if (!Array.isArray(value)) throw new Error('the list of engines is no list');
  return value.map((item: unknown) => {
    const peer = objectOf(item);
    return { name: stringOf(peer, 'name'), host: stringOf(peer, 'host'), peerPort: Number(peer['peerPort']) };
  });
}
