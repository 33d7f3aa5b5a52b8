import { defaultClientLimits, VpnClient, type ClientEvent } from '#softether';
import { accountOf, createLoadHome } from './load-home.ts';
import type { LoadOptions } from './options.ts';
import { quantiles, report, rounded } from './report.ts';
import { AnsweringPort, AskingPort } from './roundtrip.ts';
import { station } from './stations.ts';
import { pause } from './swarm.ts';

const upTimeoutMs = 30_000;
/** An address that the hub forgot with its session is told again. */
const announceMs = 1_000;
const asking = station(0);
const answering = station(1);

/**
 * A question every so often from one session to another, each with the settings of `hubfarm connect`: both notice a dead
 * server, and come back from the address that they began with. `down` = the longest time without an answer.
 */
export async function loadPing(options: LoadOptions): Promise<boolean> {
  const home = createLoadHome(options, defaultClientLimits);
  const account = accountOf(options);
  const { server, rate, seconds } = options;
  const roundTripsMs: number[] = [];
  let lastAnswerMs = NaN;
  let longestMs = 0;
  let asker: AskingPort | undefined;
  let answerer: AnsweringPort | undefined;
  const answered = (sentMs: number): void => {
    const nowMs = performance.now();
    if (lastAnswerMs > 0) longestMs = Math.max(longestMs, nowMs - lastAnswerMs);
    lastAnswerMs = nowMs;
    roundTripsMs.push(nowMs - sentMs);
  };
  const tell = (who: string) => (event: ClientEvent) => {
    const at = rounded(performance.timeOrigin + performance.now(), 0);
    if (event.kind === 'connected') {
      report('event', { at, who, what: 'connected', place: `${event.grant.at.address}:${event.grant.at.port}` });
    } else if (event.kind === 'lost') report('event', { at, who, what: 'lost', why: event.why });
    else if (event.kind === 'failed') report('event', { at, who, what: 'failed', why: event.failure.message });
  };
  const clients = [
    new VpnClient({
      home,
      server,
      account,
      openPort: (session) => (asker = new AskingPort(asking, answered)).open(session),
      observe: tell('asking'),
    }),
    new VpnClient({
      home,
      server,
      account,
      openPort: (session) => (answerer = new AnsweringPort(answering)).open(session),
      observe: tell('answering'),
    }),
  ];
  for (const client of clients) void client.run();
  const announcing = setInterval(() => {
    asker?.announce(asking);
    answerer?.announce(answering);
  }, announceMs);
  const asks = setInterval(() => asker?.ask(answering, performance.now()), 1000 / rate);
  const endMs = performance.now() + upTimeoutMs;
  while (roundTripsMs.length === 0 && performance.now() < endMs) await pause(10);
  const isUp = roundTripsMs.length > 0;
  report('up', { up: isUp ? clients.length : 0, failed: isUp ? 0 : 1 });
  if (isUp) await pause(seconds * 1000);
  clearInterval(asks);
  clearInterval(announcing);
  longestMs = Math.max(longestMs, performance.now() - lastAnswerMs);
  await Promise.all(clients.map((client) => client.stop()));
  report('ping', {
    answers: roundTripsMs.length,
    downMs: rounded(longestMs, 0),
    roundTripMs: quantiles(roundTripsMs.sort((a, b) => a - b)),
  });
  return isUp;
}
