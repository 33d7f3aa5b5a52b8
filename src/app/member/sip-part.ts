import { join } from 'node:path';
import { sipControl, type SipControl } from '#admin';
import type { Lifecycle } from '#base';
import { memberIdOf, memberName } from '#cluster';
import { openSip, type OpenSip, type OpenSipFigures, type SipListenerStatus } from '#sip';
import type { HealthCheck } from '../health.ts';
import type { ServerOptions } from '../server-options.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { ClusterSeat, Seat, Stores } from './seat.ts';

/** Folder in the data directory for call records. */
const callsFolder = 'calls';
/** Of the server's id, which is random: enough to tell the members of a farm apart. */
const tokenDigits = 6;

export interface SipPart {
  readonly sip: OpenSip;
  readonly control: SipControl;
}

/** undefined: the configuration says that this server has no SIP. */
export async function openSipPart(
  { config, io, logger }: ServerOptions,
  {
    stores,
    seat,
    clusterSeat,
    place,
  }: {
    readonly stores: Stores;
    readonly seat: Seat;
    readonly clusterSeat: ClusterSeat | undefined;
    readonly place: ClusterPlace | undefined;
  },
  lifecycle: Lifecycle,
): Promise<SipPart | undefined> {
  if (config.sip.listen?.length === 0 && [config.sip.tls, config.sip.ws, config.sip.wss].every(isNone))
    return undefined;
  const { clock, random, network, webSockets, dns } = io;
  const { own, shared, local } = stores;
  const records = !config.sip.callRecords
    ? undefined
    : io.files.openLog({
        directory: join(config.server.dataDirectory, callsFolder),
        name: seat.index === 0 ? 'calls' : `calls-${seat.index}`,
        failed: (error) => logger.error({ err: error }, 'call records cannot be written'),
      });
  await lifecycle.start({ name: 'call records', stop: () => records?.close() });
  const sip = await openSip(
    {
      clock,
      random,
      logger,
      backplane: shared,
      datagrams: await io.datagrams(),
      network,
      webSockets,
      dns,
      identity: () => own.identity.current(),
      callRecords: records,
      seat,
      member: `${own.serverId.slice(0, tokenDigits)}${seat.index.toString(36)}`,
      memberName: clusterSeat === undefined ? '' : memberName(memberIdOf(clusterSeat.serverName, seat.index)),
      ...(local === shared ? {} : { leadership: () => place?.election.guard() }),
    },
    config.sip,
    lifecycle,
  );
  const control = sipControl(sip.accounts, clock, () => statusOf(sip));
  return { sip, control };
}

const isNone = (list: readonly unknown[] | undefined): boolean => list === undefined || list.length === 0;

function statusOf(sip: OpenSip): ReturnType<SipControl['status']> {
  return {
    listeners: sip
      .listeners()
      .map(({ transport, host, port, error }) => ({ transport, address: host ?? '*', port, error })),
    figures: figuresOf(sip.figures()),
  };
}

function figuresOf({
  transactions,
  calls,
  transport,
  relayed,
}: OpenSipFigures): readonly (readonly [string, number])[] {
  const counted = Object.entries(transport.transports).filter(
    ([, { receivedMessages, sentMessages }]) => receivedMessages + sentMessages > 0,
  );
  return [
    ...Object.entries(transactions),
    ['activeCalls', calls.active],
    ['connections', transport.connections],
    ...counted.flatMap(([name, { receivedMessages, sentMessages, failedMessages, garbage }]) => [
      [`${name}.received`, receivedMessages] as const,
      [`${name}.sent`, sentMessages] as const,
      [`${name}.failed`, failedMessages] as const,
      [`${name}.garbage`, garbage] as const,
    ]),
    ['relayed', relayed],
  ];
}

/** A place without SIP is no reason to send VPN sessions elsewhere: but to look. */
export function sipCheck(list: () => readonly SipListenerStatus[]): HealthCheck {
  return {
    name: 'sip',
    isHint: true,
    problem: () => {
      const shut = list().filter(({ isListening }) => !isListening);
      return shut.length === 0
        ? undefined
        : shut.map(({ transport, error }) => `${transport}: ${error ?? 'not open'}`).join('; ');
    },
  };
}
