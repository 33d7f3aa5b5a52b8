import { defaultClientLimits, VpnClient } from '#softether';
import { accountOf, createLoadHome } from './load-home.ts';
import type { LoadOptions } from './options.ts';
import { quantiles, report } from './report.ts';
import { AnsweringPort, AskingPort } from './roundtrip.ts';
import { station } from './stations.ts';
import { pause } from './swarm.ts';

const timeoutMs = 20_000;
const announceMs = 200;
const answering = station(0);

/** One session stays and answers; the others come one after another, ask at once, and go when they have their answer. */
export async function loadFirstFrames(options: LoadOptions): Promise<boolean> {
  const home = createLoadHome(options, defaultClientLimits);
  const common = { home, server: options.server, account: accountOf(options), goesOn: () => false };
  const answerer = new AnsweringPort(answering);
  const isThere = Promise.withResolvers<boolean>();
  const staying = new VpnClient({
    ...common,
    openPort: answerer.open,
    observe: ({ kind }) => {
      if (kind === 'connected') isThere.resolve(true);
      else if (kind === 'failed') isThere.resolve(false);
    },
  });
  void staying.run();
  const isUp = await isThere.promise;
  report('up', { up: isUp ? 1 : 0, failed: isUp ? 0 : 1 });
  const welcomeMs: number[] = [];
  const firstFrameMs: number[] = [];
  let failed = 0;
  const announcing = setInterval(() => answerer.announce(answering), announceMs);
  for (let index = 1; isUp && index <= options.sessions; index++) {
    const times = await one(common, index);
    if (times === undefined) failed++;
    else {
      welcomeMs.push(times.welcome);
      firstFrameMs.push(times.firstFrame);
    }
  }
  clearInterval(announcing);
  await staying.stop();
  const sorted = (values: number[]): number[] => values.sort((a, b) => a - b);
  report('first', { failed, welcomeMs: quantiles(sorted(welcomeMs)), firstFrameMs: quantiles(sorted(firstFrameMs)) });
  return isUp && failed === 0;
}

type Common = Pick<ConstructorParameters<typeof VpnClient>[0], 'home' | 'server' | 'account' | 'goesOn'>;

async function one(common: Common, index: number): Promise<{ welcome: number; firstFrame: number } | undefined> {
  const startedMs = performance.now();
  let welcome = NaN;
  const answer = Promise.withResolvers<number | undefined>();
  const port = new AskingPort(station(index), () => answer.resolve(performance.now() - startedMs));
  const client = new VpnClient({
    ...common,
    openPort: port.open,
    observe: ({ kind }) => {
      if (kind === 'connected') {
        welcome = performance.now() - startedMs;
        // the session starts to send right after this event
        setImmediate(() => port.ask(answering, index));
      } else if (kind === 'failed' || kind === 'lost') answer.resolve(undefined);
    },
  });
  void client.run();
  const firstFrame = await Promise.race([answer.promise, pause(timeoutMs)]);
  await client.stop();
  return typeof firstFrame === 'number' ? { welcome, firstFrame } : undefined;
}
