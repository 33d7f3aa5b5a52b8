import { createInterface } from 'node:readline';
import { HubfarmError } from '#base';
import type { EthernetDevice } from '#io';
import { createNodeClock, createNodeEthernet } from '#io/node';

/**
 * A process that opens Ethernet devices in its network namespace, as it is told: one JSON list per line of its input,
 * `[id, method, ...arguments]`; one answer per line, `{ id, value }` or `{ id, error, code }`; `{ gone, error, code }`
 * when a device has gone. It ends when its input ends and all devices are closed: nothing else may hold it.
 */
const devices = createNodeEthernet({ clock: createNodeClock() });
const open = new Map<string, EthernetDevice>();
const captured = new Map<string, string[]>();

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const failure = (error: unknown): object => ({
  error: error instanceof Error ? error.message : String(error),
  code: error instanceof HubfarmError ? error.code : undefined,
});

function keep(device: EthernetDevice): object {
  open.set(device.name, device);
  return { name: device.name, mac: device.macAddress.toString('hex') };
}

function pass(from: EthernetDevice, to: EthernetDevice): void {
  from.receive({
    frames: (records, start, end, count) => void to.send(records, start, end, count),
    closed: (error) => say({ gone: from.name, ...failure(error) }),
  });
}

function named(name: string): EthernetDevice {
  const device = open.get(name);
  if (device === undefined) throw new Error(`${name} is not open`);
  return device;
}

const methods: Readonly<Record<string, (...args: [string, string]) => unknown>> = {
  list: () => devices.list(),
  openTap: async (name) => keep(await devices.openTap(name)),
  openInterface: async (name) => keep(await devices.openInterface(name)),
  configure: (name, settings) => devices.configure(name, JSON.parse(settings) as { up: boolean }),
  relay: (left, right) => {
    pass(named(left), named(right));
    pass(named(right), named(left));
  },
  capture: (name) => {
    const frames: string[] = [];
    captured.set(name, frames);
    named(name).receive({
      frames: (records, from, to) => {
        for (let at = from; at < to;) {
          const end = at + 4 + records.readUInt32BE(at);
          frames.push(records.toString('hex', at + 4, end));
          at = end;
        }
      },
      closed: (error) => say({ gone: name, ...failure(error) }),
    });
  },
  captured: (name) => captured.get(name),
  /** `hex` = the frame; it is sent from the middle of a buffer, as one of several records. */
  send: (name, hex) => {
    const frame = Buffer.from(hex, 'hex');
    const size = Buffer.alloc(4);
    size.writeUInt32BE(frame.length);
    const records = Buffer.concat([Buffer.alloc(7), size, frame, size, frame, Buffer.alloc(3)]);
    return named(name).send(records, 7, records.length - 3, 2);
  },
  status: (name) => ({ ...named(name).counters, notices: named(name).notices?.() }),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  close: (name) => {
    named(name).close();
    open.delete(name);
  },
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [id, method, ...args] = JSON.parse(line) as [number, string, string, string];
  // In a promise, so that what throws at once is an answer too.
  const asked = new Promise((resolve) => resolve(methods[method]?.(...args)));
  asked.then(
    (value) => say({ id, value }),
    (error: unknown) => say({ id, ...failure(error) }),
  );
});
lines.on('close', () => {
  for (const device of open.values()) device.close();
});
