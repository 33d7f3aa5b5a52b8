import {
  createHubEnvironment,
  defaultHubLimits,
  defaultPolicy,
  VirtualHub,
  type AttachedSession,
  type AttachOptions,
  type DisconnectReason,
  type HubLimits,
  type HubPort,
  type HubRecord,
  type Policy,
  type SessionInfo,
  type SessionKind,
  type UserRecord,
} from '#hub';
import { VirtualClock } from '#io/sim';

export function hubRecord(name: string, changes: Partial<HubRecord> = {}): HubRecord {
  return {
    name,
    kind: 'standalone',
    isOnline: true,
    maxSessions: 0,
    isHiddenFromEnum: false,
    hashedPassword: '',
    securePassword: '',
    message: '',
    createdAtMs: 0,
    ...changes,
  };
}

export function userRecord(name: string, changes: Partial<UserRecord> = {}): UserRecord {
  return {
    name,
    groupName: '',
    realName: '',
    note: '',
    auth: { kind: 'anonymous' },
    createdAtMs: 0,
    updatedAtMs: 0,
    expiresAtMs: 0,
    policy: undefined,
    ...changes,
  };
}

/** A session that keeps what it is sent. */
export class TestSession implements AttachedSession {
  readonly name: string;
  readonly kind: SessionKind;
  readonly userName: string;
  readonly policy: Policy;
  /** Frames delivered, hex, in order. */
  readonly frames: string[] = [];
  /** Blocks that these came in. */
  flushes = 0;
  /** Takes nothing while true, as a socket whose buffer is full. */
  isStalled = false;
  disconnectedFor: DisconnectReason | undefined;
  readonly hub: VirtualHub;
  readonly clock: VirtualClock;
  readonly port: HubPort;

  constructor(
    hub: VirtualHub,
    clock: VirtualClock,
    name: string,
    policy: Partial<Policy> = {},
    kind: SessionKind = 'client',
    options: AttachOptions = {},
  ) {
    this.name = name;
    this.kind = kind;
    this.userName = name;
    this.policy = { ...defaultPolicy, NoBroadcastLimiter: true, ...policy };
    this.hub = hub;
    this.clock = clock;
    this.port = hub.attach(this, options);
  }

  info(): SessionInfo {
    throw new Error('not asked for in these tests');
  }

  disconnect(reason: DisconnectReason): void {
    this.disconnectedFor = reason;
    this.hub.detach(this.port);
  }

  flush(): void {
    this.flushes++;
    while (!this.isStalled && this.port.pending) {
      const block = this.port.take();
      this.frames.push(...framesOf(block));
      this.port.release(block);
    }
  }

  /** As a turn of the loop in which these frames came. */
  send(...frames: readonly Buffer[]): void {
    this.read(...frames);
    this.clock.advance(0);
  }

  /** As one read callback that brought these frames, while the turn of the loop goes on. */
  read(...frames: readonly Buffer[]): void {
    this.#receive(frames);
    this.port.endOfRead();
  }

  /** As `read`, where another read callback is to follow in this turn. */
  readAhead(...frames: readonly Buffer[]): void {
    this.#receive(frames);
    this.port.endOfRead(true);
  }

  #receive(frames: readonly Buffer[]): void {
    for (const run of runsOf(frames)) {
      const records = Buffer.concat(run.flatMap((frame) => [sizeOf(frame), frame]));
      this.port.receive(records, 0, records.length, run.length);
      records.fill(0xa5);
    }
  }

  /** Frames since the last call. */
  takeFrames(): string[] {
    return this.frames.splice(0);
  }
}

export class TestHub {
  readonly clock = new VirtualClock();
  readonly hub: VirtualHub;

  constructor(limits: Partial<HubLimits> = {}) {
    const environment = createHubEnvironment(this.clock, 0x5eed, { ...defaultHubLimits, ...limits });
    this.hub = new VirtualHub(hubRecord('TEST'), environment);
    this.clock.every(1_000, () => this.hub.tick());
  }

  attach(name: string, policy?: Partial<Policy>, kind?: SessionKind, options?: AttachOptions): TestSession {
    return new TestSession(this.hub, this.clock, name, policy, kind, options);
  }

  /** Session and last byte of the MAC address of each entry, in order. */
  macs(): string[] {
    return this.hub
      .macEntries()
      .map(({ sessionName, macAddress }) => `${sessionName} ${macAddress.toString('hex')}`)
      .sort();
  }

  ips(): string[] {
    return this.hub
      .ipEntries()
      .map(({ sessionName, address }) => `${sessionName} ${address}`)
      .sort();
  }
}

/** 02:00:00:00:00:n */
export function mac(n: number): Buffer {
  return Buffer.from([2, 0, 0, 0, n >> 8, n & 255]);
}

export const everybody = Buffer.alloc(6, 0xff);

/** A frame that is no IP packet. */
export function frame(destination: Buffer, source: Buffer, payload = 'x', type = 0x88b5): Buffer {
  const body = Buffer.from(payload);
  return Buffer.concat([destination, source, Buffer.from([type >> 8, type & 255]), body]);
}

/** An IPv4 packet of 20 bytes of header and `body`. */
export function ipv4Frame(
  destination: Buffer,
  source: Buffer,
  from: string,
  protocol = 6,
  body: Buffer = Buffer.alloc(20),
): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[9] = protocol;
  Buffer.from(from.split('.').map(Number)).copy(header, 12);
  return Buffer.concat([destination, source, Buffer.from([8, 0]), header, body]);
}

export function framesOf(block: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 4; at < block.length;) {
    const end = at + 4 + block.readUInt32BE(at);
    frames.push(block.toString('hex', at + 4, end));
    at = end;
  }
  if (frames.length !== block.readUInt32BE(0)) throw new Error('block with a wrong count');
  return frames;
}

export function sizeOf(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return size;
}

function runsOf(frames: readonly Buffer[]): Buffer[][] {
  const runs: Buffer[][] = [];
  for (const next of frames) {
    const run = runs.at(-1);
    if (run !== undefined && run[0]!.subarray(0, 12).equals(next.subarray(0, 12))) run.push(next);
    else runs.push([next]);
  }
  return runs;
}
