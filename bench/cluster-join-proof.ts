import { sha0 } from '#base';
import { createNodeRandom } from '#io/node';

/** What a proof of the password costs one side, and how long it holds up the loop: it is the dearest step of a join. */
const runs = 200;
const started = performance.now();
const { newPasswordProof } = await import('../src/cluster/join/password-proof.ts');
const loadedMs = performance.now() - started;
const random = createNodeRandom();
const secret = sha0('bench');
const session = random.bytes(32);
const times: number[] = [];
for (let run = 0; run < runs; run++) {
  const member = newPasswordProof('A', secret, random);
  const before = process.cpuUsage();
  const controller = newPasswordProof('B', secret, random);
  const result = controller.finish(member.share, session);
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / 1000);
  if (result === undefined) throw new Error('no result');
}
times.sort((a, b) => a - b);
const at = (part: number): string => (times[Math.floor(part * runs)] ?? 0).toFixed(2);
console.log(
  `loading: ${loadedMs.toFixed(0)} ms; a proof at the controller: median ${at(0.5)} ms of CPU, p99 ${at(0.99)} ms`,
);
