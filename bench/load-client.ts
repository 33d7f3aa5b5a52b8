/**
 * A load client for hubfarm and for any other SoftEther-compatible server: many sessions in one process, without network
 * interfaces. `node -C hubfarm-source bench/load-client.ts` shows how it is used. Exit code 0 = nothing failed, 1 = something
 * did (the result says what), 2 = wrong usage.
 */
import { loadFirstFrames } from './load/first-frames.ts';
import { loadFlood } from './load/flood.ts';
import { loadLogIns } from './load/log-ins.ts';
import { parseLoadOptions, type LoadOptions } from './load/options.ts';
import { loadPace } from './load/pace.ts';
import { loadPing } from './load/ping.ts';
import { loadStorm } from './load/storm.ts';

const commands = {
  login: loadLogIns,
  storm: loadStorm,
  flood: loadFlood,
  pace: loadPace,
  ping: loadPing,
  first: loadFirstFrames,
};

function options(): LoadOptions | undefined {
  try {
    return parseLoadOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

const wanted = options();
if (wanted === undefined) process.exitCode = 2;
else process.exitCode = (await commands[wanted.command](wanted)) ? 0 : 1;
