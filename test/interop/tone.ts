import { readFileSync, writeFileSync } from 'node:fs';

const rate = 8000;
const headerBytes = 44;

/** Writes a sine as a WAV file: 8 kHz, 16 bit, mono. */
export function writeTone(file: string, frequencyHz: number, seconds: number): void {
  const samples = rate * seconds;
  const bytes = Buffer.alloc(headerBytes + samples * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) {
    const value = Math.sin((2 * Math.PI * frequencyHz * at) / rate);
    bytes.writeInt16LE(Math.round(value * 10_000), headerBytes + at * 2);
  }
  writeFileSync(file, bytes);
}

/** Seconds of a WAV file (16 bit, mono) in which this tone is most of what is heard, in steps of a tenth. */
export function toneSeconds(file: string, frequencyHz: number): number {
  const bytes = readFileSync(file);
  if (bytes.length <= headerBytes) return 0;
  const fileRate = bytes.readUInt32LE(24);
  const step = Math.floor(fileRate / 10);
  const samples = (bytes.length - headerBytes) >> 1;
  let found = 0;
  for (let start = 0; start + step <= samples; start += step) {
    if (isTone(bytes, headerBytes + start * 2, step, frequencyHz / fileRate)) found++;
  }
  return found / 10;
}

/** Goertzel: the power at one frequency against all of it. `cycles` per sample. */
function isTone(bytes: Buffer, offset: number, count: number, cycles: number): boolean {
  const coefficient = 2 * Math.cos(2 * Math.PI * cycles);
  let before = 0;
  let last = 0;
  let power = 0;
  for (let at = 0; at < count; at++) {
    const sample = bytes.readInt16LE(offset + at * 2);
    power += sample * sample;
    [before, last] = [last, sample + coefficient * last - before];
  }
  const atFrequency = (2 * (last * last + before * before - coefficient * last * before)) / count;
  return power / count > 100_000 && atFrequency > power / 2;
}
