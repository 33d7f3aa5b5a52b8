import { DecodeError, sha1 } from '#base';
import { SeededRandom } from '#io/sim';
import { mutate } from './mutate.ts';

/** A decoder under fuzzing. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs. */
  readonly seeds: readonly Buffer[];
  /** Pieces of bytes that mean something in the format. */
  readonly words?: readonly Buffer[];
  /**
   * Decodes, and checks what must hold for whatever was decoded. May throw DecodeError, nothing else. Gives the size of
   * the result in bytes, roughly. `random` depends on the input alone.
   */
  run(input: Buffer, random: SeededRandom): number;
  /** The largest result that so many bytes may have. */
  maxOutputBytes(inputBytes: number): number;
}

export interface FuzzFailure {
  readonly target: string;
  readonly hex: string;
  readonly why: string;
}

export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  /** The rest was refused with DecodeError. */
  readonly accepted: number;
  readonly slowestMs: number;
  readonly seconds: number;
  readonly failures: readonly FuzzFailure[];
}

/** Generous: the machine may be busy with other things. A decoder that loops takes far longer. */
const MAX_MS = 100;
const MAX_FAILURES = 20;

export function fuzz(target: FuzzTarget, inputs: number, seed: number): FuzzReport {
  const random = new SeededRandom(seed);
  const failures: FuzzFailure[] = [];
  const startedMs = performance.now();
  let accepted = 0;
  let slowestMs = 0;
  for (let i = 0; i < inputs && failures.length < MAX_FAILURES; i++) {
    const input = mutate(random, target.seeds, target.words);
    const outcome = tryInput(target, input);
    if (outcome.isAccepted) accepted++;
    slowestMs = Math.max(slowestMs, outcome.ms);
    if (outcome.why !== undefined) failures.push({ target: target.name, hex: input.toString('hex'), why: outcome.why });
  }
  return {
    target: target.name,
    inputs,
    accepted,
    slowestMs,
    seconds: (performance.now() - startedMs) / 1000,
    failures,
  };
}

export interface Outcome {
  readonly isAccepted: boolean;
  readonly ms: number;
  /** What went wrong; undefined if all is well. */
  readonly why: string | undefined;
}

/** One input. What looks slow is tried twice more: a pause of the machine is not the decoder's. */
export function tryInput(target: FuzzTarget, input: Buffer): Outcome {
  let outcome = tryOnce(target, input);
  for (let tries = 0; tries < 2 && outcome.ms > MAX_MS; tries++) outcome = tryOnce(target, input);
  return outcome.ms > MAX_MS ? { ...outcome, why: `took ${outcome.ms.toFixed(0)} ms` } : outcome;
}

function tryOnce(target: FuzzTarget, input: Buffer): Outcome {
  const random = new SeededRandom(sha1(input).readUInt32BE(0));
  const startedMs = performance.now();
  let isAccepted = false;
  let why: string | undefined;
  try {
    const size = target.run(Buffer.from(input), random);
    isAccepted = true;
    if (size > target.maxOutputBytes(input.length)) why = `${input.length} bytes became ${size}`;
  } catch (error) {
    if (!(error instanceof DecodeError)) why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return { isAccepted, ms: performance.now() - startedMs, why };
}
