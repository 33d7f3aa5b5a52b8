import type { Clock, EthernetDevice } from '#io';
import type { AttachedSession, DisconnectReason } from './attached-session.ts';
import { defaultPolicy } from './policy.ts';
import type { HubPort } from './port.ts';
import { splitRuns } from './run-splitter.ts';
import type { SessionInfo } from './session-info.ts';
import type { VirtualHub } from './virtual-hub.ts';

/** A device gets no longer frames than Ethernet has, with one 802.1Q tag: the kernel would refuse them. */
const maxDeviceFrameBytes = 1518;

const blockHeaderBytes = 4;

/** A bridge does not thin out what its network broadcasts (SoftEther: LimitBroadcast off). */
const bridgePolicy = Object.freeze({ ...defaultPolicy, NoBroadcastLimiter: true });

/** The session that joins an Ethernet device to a hub, while both are there. Closes the device when it ends. */
export class LocalBridgeSession implements AttachedSession {
  readonly name: string;
  readonly kind = 'localBridge';
  readonly userName = 'Local Bridge';
  readonly policy = bridgePolicy;
  /** Frames of the device that no hub carries, and frames of the hub that no device carries. */
  refusedFrames = 0;
  /** Frames that the device did not take. */
  lostFrames = 0;
  readonly #hub: VirtualHub;
  readonly #device: EthernetDevice;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #ended: (error: Error | undefined) => void;
  readonly #port: HubPort;
  #lastCommunicationAtMs: number;
  #isEnded = false;

  /** `ended` is called once; with an error if the device failed, without if the hub ended the session. */
  constructor(hub: VirtualHub, device: EthernetDevice, clock: Clock, ended: (error: Error | undefined) => void) {
    this.name = `SID-LOCALBRIDGE-${hub.nextSessionNumber()}`;
    this.#hub = hub;
    this.#device = device;
    this.#clock = clock;
    this.#startedAtMs = clock.wallMs();
    this.#lastCommunicationAtMs = this.#startedAtMs;
    this.#ended = ended;
    this.#port = hub.attach(this);
    device.receive({
      frames: (records, from, to, count) => this.#receive(records, from, to, count),
      closed: (error) => this.#end(error ?? new Error(`device ${device.name} was closed`)),
    });
  }

  /** An administrator cannot disconnect a bridge; whoever calls this has checked that. */
  disconnect(_reason: DisconnectReason): void {
    this.#end(undefined);
  }

  flush(): void {
    const port = this.#port;
    while (port.pending) {
      const block = port.take();
      this.#send(block);
      port.release(block);
    }
  }

  info(): SessionInfo {
    return {
      name: this.name,
      kind: this.kind,
      userName: this.userName,
      realUserName: this.userName,
      groupName: '',
      connectionName: '',
      sessionKey: Buffer.alloc(0),
      remoteAddress: '',
      remotePort: 0,
      remoteHostname: '',
      clientProductName: '',
      clientVersion: 0,
      clientBuild: 0,
      serverProductName: '',
      cipherName: '',
      underlayProtocol: '',
      maxTcpConnections: 0,
      tcpConnections: 0,
      tcpConnectionsUpload: 0,
      tcpConnectionsDownload: 0,
      isHalfConnection: false,
      isEncrypted: false,
      isCompressed: false,
      isQos: false,
      isBridgeMode: true,
      isMonitorMode: false,
      vlanId: 0,
      policy: this.policy,
      nodeInfo: undefined,
      traffic: this.#port.traffic,
      wireBytesSent: 0,
      wireBytesReceived: 0,
      startedAtMs: this.#startedAtMs,
      firstConnectedAtMs: this.#startedAtMs,
      currentConnectedAtMs: this.#startedAtMs,
      lastCommunicationAtMs: this.#lastCommunicationAtMs,
    };
  }

  #receive(records: Buffer, from: number, to: number, count: number): void {
    if (this.#isEnded) return;
    this.#lastCommunicationAtMs = this.#clock.wallMs();
    this.refusedFrames += splitRuns(records, from, to, count, this.#port);
    this.#port.endOfRead();
  }

  /** Writes the records of a block, but for frames that are too long for a device. */
  #send(block: Buffer): void {
    let start = blockHeaderBytes;
    let count = 0;
    let at = start;
    while (at < block.length) {
      const next = at + 4 + block.readUInt32BE(at);
      if (next - at - 4 > maxDeviceFrameBytes) {
        this.#sendRecords(block, start, at, count);
        this.refusedFrames++;
        start = next;
        count = 0;
      } else {
        count++;
      }
      at = next;
    }
    this.#sendRecords(block, start, at, count);
  }

  #sendRecords(block: Buffer, from: number, to: number, count: number): void {
    if (count > 0) this.lostFrames += count - this.#device.send(block, from, to, count);
  }

  #end(error: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#hub.detach(this.#port);
    this.#device.close();
    this.#ended(error);
  }
}
