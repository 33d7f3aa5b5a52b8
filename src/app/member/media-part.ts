import type { Lifecycle } from '#base';
import type { MediaControl } from '#admin';
import { MediaProxy, openMediaRelay, PortPool, shareOf, type MachineAddresses } from '#media';
import { OwnAddresses, type FarmPart, type OpenSip } from '#sip';
import type { ServerOptions } from '../server-options.ts';
import type { Seat } from './seat.ts';

const refreshMs = 30_000;
const faceMs = 1_000;

/** The media proxy of a member; undefined: no call's media are relayed. What is started stops with the lifecycle. */
export async function openMedia(
  { config, io, logger }: ServerOptions,
  seat: Seat,
  token: string,
  lifecycle: Lifecycle,
): Promise<MediaProxy | undefined> {
  const { media } = config;
  if (media.relay === 'never') return undefined;
  const { clock, random, commands, consoles } = io;
  const datagrams = await io.datagrams();
  const own = new OwnAddresses({ datagrams, nowMs: () => clock.nowMs() });
  await own.refresh();
  const refresh = clock.every(refreshMs, () => void own.refresh());
  await lifecycle.start({ name: 'addresses for media', stop: () => refresh.cancel() });
  const netfilter = media.kernel === 'off' ? undefined : await io.netfilter();
  await lifecycle.start({ name: 'counters of the kernel', stop: () => netfilter?.close() });
  const relay = openMediaRelay({
    sockets: await io.mediaSockets(),
    consoles,
    commands,
    netfilter,
    clock,
    logger,
    kernel: media.kernel,
    token,
    pid: random.bytes(4).readUInt32BE(),
    typeOfService: media.tos,
    ownAddresses: () => datagrams.interfaceAddresses().map(({ address }) => address),
  });
  await lifecycle.start({ name: 'media relay', stop: () => relay.stop() });
  const ports = new PortPool(shareOf(media.ports, seat.index, seat.count));
  const face = { wanAddress: '', lanNetworks: [] };
  const proxy = new MediaProxy({ relay, ports, machine: machineOf(own), logger, clock }, media, face);
  await lifecycle.start({ name: 'media of calls', stop: () => proxy.stop() });
  return proxy;
}

/** What is set of the WAN address and the LAN, now and when it changes. */
export async function followFace(
  proxy: MediaProxy,
  farm: Pick<FarmPart, 'status'>,
  { clock }: ServerOptions['io'],
  lifecycle: Lifecycle,
): Promise<void> {
  const follow = (): void => proxy.setFace(farm.status().settings);
  follow();
  const timer = clock.every(faceMs, follow);
  await lifecycle.start({ name: 'WAN address of media', stop: () => timer.cancel() });
}

/** As administrators see it. */
export function mediaControl(proxy: MediaProxy, sip: Pick<OpenSip, 'farm' | 'listeners'>): MediaControl {
  return {
    figures: () => proxy.figures(),
    place: () => {
      const { settings, sources } = sip.farm.status();
      return {
        ports: proxy.figures().ports.range,
        wanAddress: settings.wanAddress,
        isWanOfCluster: sources.wanAddress === 'cluster',
        servicePorts: [...new Set(sip.listeners().map(({ port }) => port))],
      };
    },
  };
}

/** A machine that has no address of a family cannot be reached by it, but from itself. */
function machineOf(own: OwnAddresses): MachineAddresses {
  const isLocal = (address: string): boolean => address.startsWith('127.') || address === '::1';
  return {
    sourceFor: (remote) => {
      const source = own.sourceFor(remote);
      return isLocal(source) && !isLocal(remote) ? '' : source;
    },
    has: (address) => own.has(address),
  };
}
