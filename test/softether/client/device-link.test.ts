import { beforeEach, describe, expect, test } from 'vitest';
import { BufferPool } from '#base';
import type { EthernetDevice } from '#io';
import { MemoryEthernetDevice, MemoryEthernetDevices, SeededRandom, VirtualClock } from '#io/sim';
import { DeviceLink, type FramePort } from '#softether';
import { frame, framesOf, mac, sizeOf } from '../../hub/hub-fixture.ts';
import { inflateFrame } from '../../../src/softether/codec/frame-compression.ts';

const pools = { small: new BufferPool(4096, 4), large: new BufferPool(65_536, 4) };
const recordsOf = (...frames: readonly Buffer[]): Buffer =>
  Buffer.concat(frames.flatMap((each) => [sizeOf(each), each]));

/** A session that sends at once all that its port has. */
class Sender {
  readonly blocks: Buffer[] = [];
  isStuck = false;
  port: FramePort | undefined;
  readonly isCompressed: boolean;

  constructor(isCompressed = false) {
    this.isCompressed = isCompressed;
  }

  flush(): void {
    while (!this.isStuck && this.port?.pending === true) {
      const block = this.port.take();
      this.blocks.push(Buffer.from(block));
      this.port.release(block);
    }
  }
}

describe('an Ethernet device behind a client', () => {
  let clock: VirtualClock;
  let far: MemoryEthernetDevice;
  let device: EthernetDevice;
  let link: DeviceLink;
  let gone: (Error | undefined)[];

  beforeEach(async () => {
    clock = new VirtualClock();
    const devices = new MemoryEthernetDevices({ clock, random: new SeededRandom(1) });
    device = await devices.openTap('tap0');
    far = devices.far('tap0');
    gone = [];
    link = new DeviceLink({ device, pools, queueMaxBytes: 16_384, gone: (error) => gone.push(error) });
  });

  const plug = (sender: Sender): FramePort => {
    const port = link.open(sender);
    sender.port = port;
    return port;
  };

  const give = (...frames: readonly Buffer[]): void => {
    const records = recordsOf(...frames);
    far.send(records, 0, records.length, frames.length);
    clock.advance(0);
  };

  test('gives its frames to the session, all of a turn in one block', () => {
    const sender = new Sender();
    plug(sender);
    const frames = [frame(mac(1), mac(2), 'a'), frame(mac(3), mac(2), 'b')];
    give(...frames);
    expect(sender.blocks.map(framesOf)).toEqual([frames.map((each) => each.toString('hex'))]);
  });

  test('is given the frames of the server', () => {
    const port = plug(new Sender());
    const seen: Buffer[] = [];
    far.receive({ frames: (buf, from, to) => seen.push(Buffer.from(buf.subarray(from, to))), closed: () => undefined });
    const records = recordsOf(frame(mac(1), mac(2), 'a'), frame(mac(1), mac(2), 'b'));
    port.receive(records, 0, records.length, 2);
    port.endOfRead();
    clock.advance(0);
    expect(Buffer.concat(seen)).toEqual(records);
    expect(link.lostFrames).toBe(0);
  });

  test('counts what it does not take', () => {
    const port = plug(new Sender());
    device.close();
    const records = recordsOf(frame(mac(1), mac(2), 'a'), frame(mac(1), mac(2), 'b'));
    port.receive(records, 0, records.length, 2);
    expect(link.lostFrames).toBe(2);
  });

  test('is like a cable that is not plugged in while there is no session', () => {
    give(frame(mac(1), mac(2), 'lost'));
    const first = new Sender();
    const port = plug(first);
    port.close();
    give(frame(mac(1), mac(2), 'lost too'));
    const second = new Sender();
    plug(second);
    port.close();
    give(frame(mac(1), mac(2), 'x'));
    expect([first.blocks.length, second.blocks.length]).toEqual([0, 1]);
  });

  test('compresses each frame where the session wants it', () => {
    const sender = new Sender(true);
    plug(sender);
    const sent = frame(mac(1), mac(2), 'again and '.repeat(50));
    give(sent);
    const [block] = sender.blocks;
    expect(block?.length).toBeLessThan(sent.length);
    expect(inflateFrame(block!.subarray(8))).toEqual(sent);
  });

  test('loses the newest frames when the session does not send, and counts them', () => {
    const sender = new Sender();
    sender.isStuck = true;
    plug(sender);
    for (let n = 0; n < 30; n++) give(frame(mac(1), mac(2), 'x'.repeat(1_000)));
    expect(link.droppedFrames).toBeGreaterThan(10);
    sender.isStuck = false;
    sender.flush();
    const kept = sender.blocks.flatMap(framesOf).length;
    expect(kept + link.droppedFrames).toBe(30);
  });

  test('lets an observer look at what comes from the server, and sends what it is given', () => {
    const sender = new Sender();
    const port = plug(sender);
    const seen: string[] = [];
    link.observer = (buf, from, to) => seen.push(buf.toString('hex', from, to));
    const records = recordsOf(frame(mac(1), mac(2), 'a'));
    port.receive(records, 0, records.length, 1);
    link.observer = undefined;
    port.receive(records, 0, records.length, 1);
    expect(seen).toEqual([records.toString('hex')]);
    link.sendFrame(frame(mac(2), mac(1), 'mine'));
    expect(sender.blocks.flatMap(framesOf)).toEqual([frame(mac(2), mac(1), 'mine').toString('hex')]);
  });

  test('tells when it is gone', () => {
    if (!(device instanceof MemoryEthernetDevice)) expect.unreachable();
    device.fail(new Error('pulled'));
    clock.advance(0);
    expect(gone).toEqual([new Error('pulled')]);
  });
});
