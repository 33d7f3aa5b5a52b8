import { join } from 'node:path';
import { sipControl, type SipControl } from '#admin';
import { Lifecycle } from '#base';
import { asServerName, memberIdOf, memberName } from '#cluster';
import type { ByteStream, Timer } from '#io';
import type { MediaProxy } from '#media';
import { openSip, type FarmPlace, type OpenSip, type SipListenerStatus } from '#sip';
import type { HealthCheck } from '../health.ts';
import { mediaMetrics } from '../media-metrics.ts';
import type { Metric } from '../metrics.ts';
import type { ServerOptions } from '../server-options.ts';
import { sipFarmMetrics } from '../sip-farm-metrics.ts';
import { sipMetrics } from '../sip-metrics.ts';
import { sipFigures } from '../sip-figures.ts';
import { followFace, mediaControl, openMedia } from './media-part.ts';
import { relayPlace } from './relay-place.ts';
import { atMost } from './at-most.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { ClusterSeat, Seat, Stores } from './seat.ts';

/** Folder in the data directory for call records. */
const callsFolder = 'calls';
/** Call records that come within this time of a write share the next one. */
const callRecordGatherMs = 500;
/** Of the server's id, which is random: enough to tell the members of a farm apart. */
const tokenDigits = 6;
const retryMs = 2_000;
const farewellMs = 500;
/** What was on its way when the others were told. */
const handOverMs = 200;
/** Browsers find SIP there on every listener of the server: `wss://vpn.example.org/sip`. */
const webSocketRequest = /^GET \/sip(\?\S*)? HTTP\/1\.1\r\n/;
const requestLineMax = 1_024;

export interface SipPlace {
  readonly stores: Stores;
  readonly seat: Seat;
  readonly clusterSeat: ClusterSeat | undefined;
  readonly place: ClusterPlace | undefined;
  /** Its server may control the cluster, so it is a backend. */
  readonly isBackend: boolean;
}

/**
 * The SIP server of a member. Its accounts are in the store of all members: where that is the cluster's, which may not
 * answer at the moment, the member does not wait for it.
 */
export class SipPart {
  readonly metrics: readonly Metric[];
  readonly #options: ServerOptions;
  readonly #at: SipPlace;
  readonly #lifecycle = new Lifecycle();
  #sip: OpenSip | undefined;
  #control: SipControl | undefined;
  #media: MediaProxy | undefined;
  #problem = 'waiting for the store of the cluster';
  #retry: Timer | undefined;
  #isStopped = false;

  private constructor(options: ServerOptions, at: SipPlace) {
    this.#options = options;
    this.#at = at;
    this.metrics = [
      ...sipMetrics(() => this.#sip),
      ...sipFarmMetrics(() => this.#sip),
      ...mediaMetrics(() => this.#media?.figures()),
    ];
  }

  /** undefined: the configuration says that this server has no SIP. */
  static async open(options: ServerOptions, at: SipPlace, lifecycle: Lifecycle): Promise<SipPart | undefined> {
    const { listen, tls, ws, wss } = options.config.sip;
    if (listen?.length === 0 && [tls, ws, wss].every((list) => list === undefined || list.length === 0))
      return undefined;
    const part = new SipPart(options, at);
    const isOwnStore = at.stores.local === at.stores.shared;
    await lifecycle.start({
      name: 'SIP',
      start: () => (isOwnStore ? part.#open() : part.#openLater()),
      stop: () => part.#stop(),
    });
    return part;
  }

  /** undefined while it is not up. */
  get control(): SipControl | undefined {
    return this.#control;
  }

  /** Calls whose media go through this member. */
  get mediaCalls(): number {
    return this.#media?.callCount ?? 0;
  }

  /** Calls that are up go on; nothing new begins. */
  refuseNew(): void {
    this.#sip?.drain();
  }

  listeners(): readonly SipListenerStatus[] {
    return this.#sip?.listeners() ?? [];
  }

  /** Takes a connection of the server's own listeners that asks for SIP over WebSocket. False: it asks for something else. */
  takes(stream: ByteStream, unread: Buffer): boolean {
    if (this.#sip === undefined || !webSocketRequest.test(unread.toString('latin1', 0, requestLineMax))) return false;
    this.#sip.acceptWebSocket(stream, unread);
    return true;
  }

  /** A place without SIP is no reason to send VPN sessions elsewhere: but to look. */
  get check(): HealthCheck {
    return {
      name: 'sip',
      isHint: true,
      problem: () => {
        if (this.#sip === undefined) return this.#problem;
        const shut = this.listeners().filter(({ isListening }) => !isListening);
        if (shut.length === 0) return this.#sip.farm.notReady();
        return shut.map(({ transport, error }) => `${transport}: ${error ?? 'not open'}`).join('; ');
      },
    };
  }

  #openLater(): void {
    this.#open().catch((error: unknown) => {
      if (this.#isStopped) return;
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ err: error, againInMs: retryMs }, 'SIP is not up, trying again');
      this.#retry = this.#options.io.clock.after(retryMs, () => this.#openLater());
    });
  }

  async #open(): Promise<void> {
    const { config, io, logger } = this.#options;
    const { stores, seat, clusterSeat, place } = this.#at;
    const { own, shared, patient, local } = stores;
    const { clock, random, network, webSockets, dns } = io;
    const parts = new Lifecycle();
    const callRecords = config.sip.callRecords ? this.#openRecords() : undefined;
    await parts.start({ name: 'call records', stop: () => callRecords?.close() });
    try {
      const member = `${own.serverId.slice(0, tokenDigits)}${seat.index.toString(36)}`;
      const media = await openMedia(this.#options, seat, member, parts);
      const sip = await openSip(
        {
          clock,
          random,
          logger,
          backplane: shared,
          patient,
          datagrams: await io.datagrams(config.sip.batchedUdp ? 'batched' : 'plain'),
          network,
          webSockets,
          dns,
          identity: () => own.identity.current(),
          callRecords,
          seat,
          member,
          media: media && { proxy: media, isRefusedWhenFull: config.media.whenFull === 'refuse' },
          memberName: clusterSeat === undefined ? '' : memberName(memberIdOf(clusterSeat.serverName, seat.index)),
          ...(local === shared ? {} : { leadership: () => place?.election.guard() }),
          // Servers that may lead the cluster may write to its store: they own the accounts, the others ask them.
          ...(place === undefined
            ? {}
            : {
                cluster: {
                  bus: place.bus,
                  isBackend: local === shared || place.registry.self.isEligible,
                  hearsMost: () => hearsMost(place.registry),
                },
              }),
          farm: this.#farmPlace(),
        },
        config.sip,
        parts,
      );
      if (media !== undefined) await followFace(media, sip.farm, io, parts);
      await this.#lifecycle.start({ name: 'SIP', stop: async () => stopAll(parts) });
      this.#sip = sip;
      this.#media = media;
      this.#control = sipControl(
        sip.accounts,
        clock,
        () => ({
          listeners: sip
            .listeners()
            .map(({ transport, host, port, error }) => ({ transport, address: host ?? '*', port, error })),
          figures: sipFigures(sip.figures()),
        }),
        sip.trace,
        sip.farm,
        media && mediaControl(media, sip),
      );
    } catch (error) {
      await parts.stop();
      throw error;
    }
  }

  /** Threads of a server that stands alone, or members of a cluster. */
  #farmPlace(): FarmPlace {
    const { config } = this.#options;
    const { stores, seat, clusterSeat, place, isBackend } = this.#at;
    if (place === undefined || clusterSeat === undefined) {
      return { kind: 'alone', server: asServerName(stores.own.hostName) };
    }
    const { bus, registry, isKnown } = place;
    const inCluster = isBackend ? 'backend' : 'frontend';
    return {
      kind: stores.local === stores.shared ? 'threads' : inCluster,
      server: clusterSeat.serverName,
      company: { membership: registry, bus, isKnown, relay: relayPlace(config, seat, clusterSeat.busAddress) },
    };
  }

  #openRecords(): ReturnType<ServerOptions['io']['files']['openLog']> {
    const { config, io, logger } = this.#options;
    const { index } = this.#at.seat;
    return io.files.openLog({
      directory: join(config.server.dataDirectory, callsFolder),
      name: index === 0 ? 'calls' : `calls-${index}`,
      gatherMs: callRecordGatherMs,
      failed: (error) => logger.error({ err: error }, 'call records cannot be written'),
    });
  }

  /** Others take new calls before this member stops taking messages. */
  async #leave({ farm }: OpenSip): Promise<void> {
    const { clock } = this.#options.io;
    if (this.#at.place === undefined) return;
    await atMost(clock, farewellMs, farm.leave('this member is being stopped'));
    await new Promise<void>((resolve) => void clock.after(handOverMs, resolve));
  }

  /** One that is still waiting for its store never comes up: its lifecycle is over. */
  async #stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    if (this.#sip !== undefined) await this.#leave(this.#sip);
    this.#sip?.drain();
    await stopAll(this.#lifecycle);
  }
}

/** Of the members that there were when the engine was heard last, this one among them. */
function hearsMost(registry: ClusterPlace['registry']): boolean {
  const views = registry.members();
  const heard = views.filter(({ info, state }) => info.id === registry.self.id || state === 'online');
  return heard.length * 2 > views.length;
}

/** Throws the first of what went wrong. */
async function stopAll(lifecycle: Lifecycle): Promise<void> {
  const [failure] = await lifecycle.stop();
  if (failure !== undefined) throw failure.error;
}
