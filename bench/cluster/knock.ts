/**
 * Log-ins at each of several doors to each of several hubs, twice a second, whatever has become of those before: a line for each
 * that has got in or failed. `node -C hubfarm-source bench/cluster/knock.ts DOORS HUBS USER PASSWORD`, until it is killed.
 */
import { argv } from 'node:process';
import { defaultClientLimits, VpnClient } from '#softether';
import { accountOf, createLoadHome } from '../load/load-home.ts';
import { deafPort } from '../load/log-ins.ts';
import { parseLoadOptions } from '../load/options.ts';
import { report } from '../load/report.ts';

const everyMs = 500;
const [doors = '', hubs = '', user = '', password = ''] = argv.slice(2);

export interface KnockLine {
  readonly door: string;
  readonly hub: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly isIn: boolean;
  /** The address of the server that it is on, or why it is on none. */
  readonly said: string;
}

function knock(door: string, hub: string): void {
  const words = ['--server', door, '--hub', hub, '--user', user, '--password', password];
  const options = parseLoadOptions(['login', ...words]);
  const startedAtMs = Date.now();
  const client = new VpnClient({
    home: createLoadHome(options, defaultClientLimits),
    server: options.server,
    account: accountOf(options),
    goesOn: () => false,
    openPort: () => deafPort({ frames: 0 }),
    observe: (event) => {
      if (event.kind !== 'connected' && event.kind !== 'failed') return;
      const isIn = event.kind === 'connected';
      const said = isIn ? event.grant.at.address : event.failure.message;
      const line: KnockLine = { door, hub, startedAtMs, endedAtMs: Date.now(), isIn, said };
      report('knock', { ...line });
      void client.stop();
    },
  });
  void client.run();
}

setInterval(() => {
  for (const door of doors.split(',')) for (const hub of hubs.split(',')) knock(door, hub);
}, everyMs);
