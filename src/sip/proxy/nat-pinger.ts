import type { Clock, Random, Timer } from '#io';
import { buildRequest } from '../message/build.ts';
import { HeaderId } from '../message/header-id.ts';
import type { Binding } from '../registrar/binding.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { BranchCodec } from '../transaction/branch.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

/** How telephones behind a NAT are kept reachable. */
export interface NatPingSettings {
  /** `options`: a request, whose answer keeps the NAT open from the inside; `crlf`: four bytes (RFC 5626 §3.5.1). */
  readonly method: 'options' | 'crlf' | 'none';
  /** Each of them once in so long; NATs forget UDP after 30 s and more. */
  readonly periodS: number;
}

export const defaultNatPingSettings: NatPingSettings = { method: 'options', periodS: 25 };

export interface NatPingerServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly location: Pick<LocationService, 'aors' | 'lookup' | 'onChange'>;
  readonly transport: Pick<TransportLayer, 'send' | 'viaFor'>;
  readonly branches: BranchCodec;
  /** As bindings name this member: whose socket a telephone's NAT knows, that one pings it. */
  readonly member: string;
  readonly settings: NatPingSettings;
}

const STEP_MS = 1000;
const CRLF = Buffer.from('\r\n\r\n');

/**
 * Pings the telephones behind NATs that have registered by UDP: each by the one member whose socket its NAT lets in. They
 * are spread over the period, and no answer is waited for: what matters is that the NAT sees traffic.
 */
export class NatPinger {
  readonly #services: NatPingerServices;
  readonly #slots: Set<string>[];
  readonly #tag: string;
  #slot = 0;
  #count = 0;
  #timer: Timer | undefined;
  #unlisten: (() => void) | undefined;

  constructor(services: NatPingerServices) {
    this.#services = services;
    this.#slots = Array.from({ length: Math.max(1, services.settings.periodS) }, () => new Set<string>());
    this.#tag = services.random.below(2 ** 32).toString(36);
  }

  /** Pings that were sent since the start. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    const { clock, location, settings } = this.#services;
    if (settings.method === 'none') return;
    for (const aor of location.aors()) this.#changed(aor, location.lookup(aor));
    this.#unlisten = location.onChange((change) => {
      // The flow of who is behind a NAT does not change with times alone.
      if (change.isRefresh !== true) this.#changed(change.aor, change.after);
    });
    this.#timer = clock.every(STEP_MS, () => this.#step());
  }

  stop(): void {
    this.#unlisten?.();
    this.#timer?.cancel();
  }

  #changed(aor: string, bindings: readonly Binding[]): void {
    const slot = this.#slots[hashOf(aor) % this.#slots.length]!;
    if (bindings.some((binding) => this.#flowOf(binding) !== undefined)) slot.add(aor);
    else slot.delete(aor);
  }

  #step(): void {
    this.#slot = (this.#slot + 1) % this.#slots.length;
    for (const aor of this.#slots[this.#slot]!) {
      for (const binding of this.#services.location.lookup(aor)) {
        const flow = this.#flowOf(binding);
        if (flow !== undefined) this.#ping(binding, flow);
      }
    }
  }

  /** The flow to keep open; undefined: there is none, or another member has it. Connections are kept by their clients. */
  #flowOf({ flow, isBehindNat, path }: Binding): Target | undefined {
    if (flow === undefined || !isBehindNat || path.length > 0) return undefined;
    if (flow.transport !== 'udp' || flow.member !== this.#services.member) return undefined;
    return { transport: 'udp', address: flow.address, port: flow.port, socketId: flow.socketId };
  }

  #ping({ uri }: Binding, flow: Target): void {
    const { transport, settings } = this.#services;
    this.#count++;
    const bytes = settings.method === 'crlf' ? CRLF : this.#options(uri, flow);
    transport.send(bytes, flow, () => undefined);
  }

  #options(uri: string, flow: Target): Buffer {
    const { transport, branches } = this.#services;
    const { sentBy, transport: name } = transport.viaFor(flow);
    const callId = `${this.#tag}-${this.#count}@${sentBy}`;
    return buildRequest({
      method: 'OPTIONS',
      requestUri: uri,
      headers: [
        [HeaderId.Via, `SIP/2.0/${name} ${sentBy};${branches.viaParams(branches.encodeText(callId))};rport`],
        [HeaderId.MaxForwards, '70'],
        [HeaderId.From, `<sip:${sentBy}>;tag=${this.#tag}`],
        [HeaderId.To, `<${uri}>`],
        [HeaderId.CallId, callId],
        [HeaderId.CSeq, '1 OPTIONS'],
      ],
    });
  }
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (hash * 31 + text.charCodeAt(at)) >>> 0;
  return hash;
}
