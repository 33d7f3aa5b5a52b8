/**
 * How long it takes until the kernel has a call, with many there: one at a time, in batches, removal, and reading all counters.
 * `ip netns exec SOME node -C hubfarm-source bench/media/nft-control.ts [calls]`; as root, in a namespace of its own.
 */
import { createNodeIo } from '#io/node';
import { ChangeQueue, FIRST_FENCE } from '../../src/media/relay/nft/change-queue.ts';
import { NftConversation } from '../../src/media/relay/nft/conversation.ts';
import { readMapListing } from '../../src/media/relay/nft/map-listing.ts';
import { NftPath } from '../../src/media/relay/nft/path.ts';
import { createTable, listFence, listMap, setFence } from '../../src/media/relay/nft/ruleset.ts';
import { quantile } from '../medians.ts';

const calls = Number(process.argv[2] ?? 1000);
const repetitions = 200;
const table = 'hubfarm_media_bench';
const io = createNodeIo();
const conversation = await NftConversation.open(io.consoles, io.clock, (why) => console.error(why));
const waiting: ((error: string | undefined) => void)[] = [];
const queue = new ChangeQueue(table, conversation, (_change, error) => waiting.shift()?.(error));
const ask = (text: string): Promise<readonly string[]> => new Promise((resolve) => conversation.ask(text, resolve));
await ask([...createTable(table, undefined), setFence(table, FIRST_FENCE), listFence(table)].join('\n'));

function path(number: number): NftPath {
  const end = (net: number, port: number): NftPath['channel']['a'] => ({
    remote: { address: `10.${net}.${(number >> 8) & 255}.${number & 255}`, port: 20_000 },
    local: { address: '10.0.0.1', port: port + (number % 10_000) },
  });
  const place = { zone: (number % 65_535) + 1, family: 4, nowMs: 0 } as const;
  return new NftPath({ a: end(1, 20_000), b: end(2, 40_000) }, place, {
    ended: () => undefined,
    remove: () => undefined,
  });
}

/** Milliseconds until all of them are carried out. */
async function change(what: 'add' | 'remove', paths: readonly NftPath[]): Promise<number> {
  const began = io.clock.nowMs();
  const done = paths.map(
    (one) =>
      new Promise<void>((resolve, reject) => {
        waiting.push((error) => (error === undefined ? resolve() : reject(new Error(error))));
        queue[what](one);
      }),
  );
  queue.flush();
  await Promise.all(done);
  return io.clock.nowMs() - began;
}

const report = (what: string, times: readonly number[]): void =>
  console.log(`${what}: ${quantile(times, 0.5).toFixed(2)} ms p50, ${quantile(times, 0.99).toFixed(2)} ms p99`);

const all = Array.from({ length: calls }, (_, i) => path(i));
console.log(`${calls} calls at once: ${(await change('add', all)).toFixed(0)} ms`);
const one: { add: number[]; remove: number[] } = { add: [], remove: [] };
for (let i = 0; i < repetitions; i++) {
  const more = path(calls + i);
  one.add.push(await change('add', [more]));
  one.remove.push(await change('remove', [more]));
}
report('one call more', one.add);
report('one call less', one.remove);
const ten: number[] = [];
for (let i = 0; i < repetitions / 10; i++) {
  const more = Array.from({ length: 10 }, (_, k) => path(calls + k));
  ten.push((await change('add', more)) / 10);
  await change('remove', more);
}
report('ten calls together, each', ten);
const readings: number[] = [];
for (let i = 0; i < 20; i++) {
  const began = io.clock.nowMs();
  const counts = readMapListing(await ask(listMap(table, 'z4')));
  readings.push(io.clock.nowMs() - began);
  if (counts.size !== 2 * calls) throw new Error(`${counts.size} counters, not ${2 * calls}`);
}
report(`reading ${2 * calls} counters`, readings);
conversation.close();
