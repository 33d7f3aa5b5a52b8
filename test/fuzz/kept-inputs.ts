import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzFailure } from './harness.ts';

/** Inputs that once broke something, and what they broke. They are tried in every run. */
export function keptInputs(name: string): readonly FuzzFailure[] {
  const path = join(import.meta.dirname, `../vectors/fuzz/${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as readonly FuzzFailure[];
}
