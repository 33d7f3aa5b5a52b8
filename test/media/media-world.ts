import { silentLogger } from '#base';
import { MediaProxy } from '../../src/media/media-proxy.ts';
import type { Described, MediaCall } from '../../src/media/media-call.ts';
import type { MediaSummary } from '../../src/media/media-summary.ts';
import { PortPool } from '../../src/media/port-pool.ts';
import type { CallFacts } from '../../src/media/relay-rules.ts';
import { decodeSdp, type SessionDescription } from '../../src/media/sdp/session-description.ts';
import { mediaAddressOf } from '../../src/media/sdp/stream-address.ts';
import { defaultMediaConfig, type MediaConfig } from '../../src/media/settings.ts';
import { FakeRelay } from './fake-relay.ts';
import { decoded, lines } from './sdp/descriptions.ts';

export const own4 = '10.0.0.1';
export const own6 = 'fd00::1';
export const wan = '198.51.100.77';
/** A telephone at home, and one in the LAN. */
export const facts: CallFacts = {
  a: { address: '203.0.113.9', isBehindNat: true },
  b: { address: '10.0.0.50', isBehindNat: false },
  isAskedFor: false,
  isUnderWay: false,
};

export const audio = (address: string, port: number, ...more: readonly string[]): SessionDescription =>
  decoded(
    lines(
      'v=0',
      'o=- 1 1 IN IP4 x',
      's=-',
      `c=IN IP${address.includes(':') ? 6 : 4} ${address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP 0`,
      ...more,
    ),
  );

export class MediaWorld {
  readonly relay = new FakeRelay();
  readonly ports: PortPool;
  readonly proxy: MediaProxy;
  readonly silent: MediaSummary[] = [];
  wallMs = 1_700_000_000_000;

  constructor(changes: Partial<MediaConfig> = {}) {
    const settings = { ...defaultMediaConfig, ports: { first: 10_000, last: 10_019 }, ...changes };
    this.ports = new PortPool(settings.ports);
    this.proxy = new MediaProxy(
      {
        relay: this.relay,
        ports: this.ports,
        logger: silentLogger,
        clock: { wallMs: () => this.wallMs },
        machine: {
          sourceFor: (remote) => (remote.includes(':') ? own6 : own4),
          has: (address) => address === own4 || address === own6,
        },
      },
      settings,
      { wanAddress: wan, lanNetworks: [] },
    );
  }

  call(some: Partial<CallFacts> = {}): MediaCall {
    return this.proxy.call({ ...facts, ...some }, { silent: (summary) => this.silent.push(summary) });
  }

  get session() {
    return this.relay.sessions.at(-1)!;
  }
}

/** Where the relayed description leads: `address port` for each stream. */
export function places(described: Described): string[] {
  if (described.kind !== 'relayed') return [described.kind];
  const sdp = decodeSdp(described.body);
  if (sdp.kind === 'bad') throw new Error(sdp.reason);
  return sdp.streams.map((stream) => {
    const place = mediaAddressOf(stream);
    return place === undefined ? `nowhere ${stream.port}` : `${place.address} ${place.port}`;
  });
}
