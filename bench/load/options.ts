import { parseArgs } from 'node:util';
import { parseHostAndPort } from '#admin/cli';

const commands = ['login', 'storm', 'flood', 'pace', 'ping', 'first'] as const;

/** What `bench/load-client.ts` was asked to do. */
export interface LoadOptions {
  readonly command: (typeof commands)[number];
  readonly server: { readonly host: string; readonly port: number };
  readonly hub: string;
  readonly user: string;
  readonly password: string;
  /** TCP connections of each session. */
  readonly connections: number;
  readonly isCompressed: boolean;
  readonly isEncrypted: boolean;
  /** `stock`: what servers do for clients that they do not know. `hubfarm`: as `hubfarm connect` shows itself. */
  readonly as: 'stock' | 'hubfarm';
  readonly seconds: number;
  // -- login
  readonly sessions: number;
  readonly concurrency: number;
  /** Sessions that come and go before: the first ones cost a process that was just started twice as much. */
  readonly warmUpSessions: number;
  readonly holdSeconds: number;
  /** Processes that share the sessions. */
  readonly processes: number;
  // -- flood, pace
  readonly senders: number;
  readonly receivers: number;
  /** Bytes of an Ethernet frame. */
  readonly size: number;
  /** Frames in a block. */
  readonly batch: number;
  /** Frames per second of each sender. */
  readonly rate: number;
}

const usage = `node -C hubfarm-source bench/load-client.ts <command> --server HOST[:PORT] --hub H --user U [--password P] …

  login   log-ins per second and their latency, then idle sessions
          --sessions 1000  --concurrency 32  --hold 10 (seconds)  --processes 1 (that share them)
          --warm-up 0 (sessions that come and go before anything is counted)
  storm   the same by a client that does nothing but what log-ins need, for servers that log in faster than \`login\` does
          --sessions 1000  --concurrency 32  --hold 10  --warm-up 0
  flood   frames as fast as they go, from senders to receivers on the hub
          --senders 1  --receivers 1  --size 64 (bytes of a frame)  --batch 128 (frames in a block)  --seconds 3
  pace    frames at a rate, with their latency
          --senders 1  --receivers 1  --size 214  --rate 1000 (frames/s of each sender)  --seconds 3
  ping    two sessions that come back when they are lost: a frame goes over and back; when none came back, and for how long
          --rate 100 (frames/s)  --seconds 3
  first   one log-in after another: how long from the first dial to the first frame that came back from a session on the hub
          --sessions 20

  for all --connections 1  --compress  --no-encrypt  --as stock|hubfarm

A line of JSON when all sessions are up, and another with the results.
`;

const defaults = {
  connections: '1',
  concurrency: '32',
  hold: '10',
  processes: '1',
  'warm-up': '0',
  senders: '1',
  receivers: '1',
  batch: '128',
  seconds: '3',
} as const;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** @throws Error that says what is wrong. */
export function parseLoadOptions(argv: readonly string[]): LoadOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...{ server: text, hub: text, user: text, password: text, as: text, size: text },
      ...{
        connections: text,
        sessions: text,
        concurrency: text,
        hold: text,
        processes: text,
        'warm-up': text,
        senders: text,
        receivers: text,
      },
      ...{ batch: text, rate: text, seconds: text, compress: flag, 'no-encrypt': flag },
    },
  });
  const [word] = positionals;
  const command = commands.find((known) => known === word);
  if (command === undefined) throw new Error(`no such command: ${word ?? '(none)'}\n${usage}`);
  const needed = (name: 'server' | 'hub' | 'user'): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`--${name} is missing\n${usage}`);
    return value;
  };
  const number = (name: keyof typeof defaults | 'size' | 'sessions' | 'rate', fallback: string): number => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} takes a number, not ${values[name] ?? ''}`);
    return value;
  };
  const known = (name: keyof typeof defaults): number => number(name, defaults[name]);
  return {
    command,
    server: parseHostAndPort(needed('server')),
    hub: needed('hub'),
    user: needed('user'),
    password: values.password ?? '',
    connections: known('connections'),
    isCompressed: values.compress === true,
    isEncrypted: values['no-encrypt'] !== true,
    as: values.as === 'hubfarm' ? 'hubfarm' : 'stock',
    seconds: known('seconds'),
    sessions: number('sessions', command === 'first' ? '20' : '1000'),
    concurrency: Math.max(known('concurrency'), 1),
    warmUpSessions: known('warm-up'),
    holdSeconds: known('hold'),
    processes: Math.max(Math.floor(known('processes')), 1),
    senders: Math.max(known('senders'), 1),
    receivers: Math.max(known('receivers'), 1),
    size: number('size', command === 'flood' ? '64' : '214'),
    batch: Math.max(known('batch'), 1),
    rate: number('rate', command === 'ping' ? '100' : '1000'),
  };
}
