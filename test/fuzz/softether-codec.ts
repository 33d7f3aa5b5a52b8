/**
 * Long fuzzing of the SoftEther decoders:
 *
 *     node -C hubfarm-source test/fuzz/softether-codec.ts [inputs, default 1000000] [seed, default 1] [target]
 *
 * Prints one line for each target, and each input that broke something; ends with 1 if there was one. Put those into
 * test/vectors/fuzz/softether-codec.json.
 */
import { argv, exit } from 'node:process';
import { fuzz } from './harness.ts';
import { softEtherTargets } from './softether-targets.ts';

const inputs = Number(argv[2] ?? 1_000_000);
const seed = Number(argv[3] ?? 1);
const targets = softEtherTargets.filter(({ name }) => argv[4] === undefined || argv[4] === name);
let broken = 0;
for (const target of targets) {
  const report = fuzz(target, Math.ceil(inputs / targets.length), seed);
  const perInput = ((report.seconds * 1e6) / report.inputs).toFixed(0);
  console.log(
    `${target.name}: ${report.inputs} inputs, ${report.accepted} accepted, ${report.failures.length} failures, ` +
      `${perInput} µs each, slowest ${report.slowestMs.toFixed(1)} ms, ${report.seconds.toFixed(0)} s`,
  );
  for (const failure of report.failures) console.log(JSON.stringify(failure));
  broken += report.failures.length;
}
exit(broken === 0 ? 0 : 1);
