import { HubfarmError } from '#base';
import type { ByteStream } from '#io';
import type { SoftEtherServer } from '#softether';
import { defaultPorts } from '../config/sections.ts';
import { ListenerSet, type ListenerStatus } from '../listener-set.ts';
import { SavedListeners } from '../saved-listeners.ts';
import type { ServerOptions } from '../server-options.ts';
import type { MemberParts } from './seat.ts';

/** The listeners of a member, not open yet: what they accept goes to the VPN server, or to who takes its protocol. */
export async function loadListeners(
  { config, io, logger }: ServerOptions,
  { seat, stores, control }: Pick<MemberParts, 'seat' | 'stores' | 'control'>,
  softether: SoftEtherServer,
): Promise<SavedListeners> {
  const { clock } = io;
  const { local, own } = stores;
  const { identity } = own;
  const set = new ListenerSet({
    network: io.network,
    clock,
    logger,
    identity: () => identity.current(),
    tls: config.tls,
    handshakeTimeoutMs: config.softether.handshakeTimeoutMs,
    admit: (remote) => softether.admits(remote),
    pace: softether.pace,
    abandoned: (remote) => softether.abandoned(remote),
    alpn: control.alpn,
    connected: (stream: ByteStream, port: number) => {
      if (!control.alpn.includes(stream.tls?.alpn ?? '')) {
        softether.accept(stream, port);
        return;
      }
      softether.abandoned(stream.remote);
      control.takeOver(stream);
    },
  });
  return SavedListeners.load({
    set,
    backplane: local,
    key: `${own.keys}/listeners`,
    configured: config.listeners.addresses,
    defaultPorts,
    offset: seat.index,
  });
}

/** Without any listener nobody could reach this member: better none than one that only seems to be up. */
export function refuseIfDeaf(listeners: readonly ListenerStatus[]): void {
  const enabled = listeners.filter(({ isEnabled }) => isEnabled);
  if (enabled.length === 0 || enabled.some(({ isListening }) => isListening)) return;
  const reasons = enabled.map(({ port, error }) => `port ${port}: ${error ?? 'not open'}`);
  throw new HubfarmError('NO_LISTENER', `no listener could be opened (${reasons.join('; ')})`);
}
