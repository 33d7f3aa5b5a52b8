import type { Logger } from '#base';
import type { Clock, Random } from '#io';
import type { MediaProxy } from '#media';
import type { Authenticator } from './accounts/authenticator.ts';
import type { AccountAgent } from './core/account-agent.ts';
import { Core } from './core/core.ts';
import { PlainOptions } from './core/plain-options.ts';
import { PlainRequests } from './core/plain-requests.ts';
import type { RegisterHandler } from './core/links/register-contacts.ts';
import type { Directory } from './core/local-users.ts';
import type { CoreSettings } from './core/settings.ts';
import type { OwnerLookup } from './farm/owner-lookup.ts';
import type { MediaKeeping } from './farm/media-keeping.ts';
import type { SipMessage } from './message/sip-message.ts';
import type { CallBegin } from './proxy/call-begin.ts';
import type { CallObserver } from './proxy/call-observer.ts';
import { observers } from './proxy/call-observers.ts';
import type { EndedCall } from './proxy/ended-call.ts';
import { FlowTokens, PATH_SCOPE } from './proxy/flow-token.ts';
import { CallMedia } from './proxy/media.ts';
import type { MediaKeeper } from './proxy/media-keeper.ts';
import { PlainDialogs } from './proxy/plain-dialogs.ts';
import { NatPinger } from './proxy/nat-pinger.ts';
import type { Gruus } from './registrar/gruu.ts';
import type { LocationService } from './registrar/location-service.ts';
import type { PlainRegistrar } from './registrar/plain-registrar.ts';
import { CallRecords, type CallRecordFigures, type CallRecordSink } from './trace/call-records.ts';
import { MessageTallies, type MessageTally } from './trace/message-tallies.ts';
import { BranchCodec } from './transaction/branch.ts';
import { ShortMac } from './transaction/short-mac.ts';
import { TimerWheel } from './transaction/timer-wheel.ts';
import { TransactionLayer, type TransactionFigures } from './transaction/transaction-layer.ts';
import type { Hop } from './transport/hop.ts';
import type { ServerLocator } from './transport/server-locator.ts';
import type { TransportLayer } from './transport/transport-layer.ts';

/** What a SIP server is made of; all of it belongs to whoever made it. */
export interface SipServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transport: TransportLayer;
  readonly locator: ServerLocator;
  readonly directory: Directory;
  readonly authenticator: Pick<Authenticator, 'verify'>;
  readonly location: Pick<LocationService, 'lookup' | 'aors' | 'onChange'>;
  readonly registrar: RegisterHandler;
  /** Takes plain REGISTER requests before all else; absent: they go the way of the others. */
  readonly plainRegistrar?: Pick<PlainRegistrar, 'read' | 'answer' | 'isFirst' | 'aor'>;
  /** Temporary GRUUs; absent: there are none. */
  readonly gruus?: Pick<Gruus, 'meaningOf'>;
  /** Presence and offline messages. */
  readonly agent?: AccountAgent;
  /** A connection has ended: nobody is reached by it any more. */
  readonly flowEnded?: (hop: Hop) => void;
  /** Where call records go; absent: there are none. */
  readonly callRecords?: CallRecordSink;
  /** Where the media of calls go through; absent: their descriptions are let through. */
  readonly media?: {
    readonly proxy: Pick<MediaProxy, 'call' | 'passes' | 'restore'>;
    readonly isRefusedWhenFull: boolean;
    /** Absent: there are no other members. */
    readonly keeping?: (MediaKeeper & Pick<MediaKeeping, 'connect'>) | undefined;
  };
  /** The farm that this server is a member of; absent: it is alone. */
  readonly owner?: OwnerLookup;
  /** Why a load balancer should send new calls elsewhere; it is told when it asks with OPTIONS. Absent: never. */
  readonly notReady?: () => string | undefined;
  /** Of this member in branches and flow tokens: 1 to 16 of 0-9 a-z, the same after a restart. */
  readonly member: string;
  /** As bindings name this member; absent: as on a server that stands alone. */
  readonly memberName?: string;
  /** The farm's, 8 bytes or more: see `ShortMac`. */
  readonly secret: Uint8Array;
  readonly settings: CoreSettings;
}

export interface SipFigures {
  readonly transactions: TransactionFigures;
  readonly answers: readonly MessageTally[];
  readonly calls: CallRecordFigures;
  /** Telephones behind NATs that were pinged since the start. */
  readonly natPings: number;
  /** Requests and responses that another member works on. */
  readonly relayed: number;
}

export interface SipServer {
  /** Listens to the transport from now on. */
  start(): void;
  /** New requests that make something new get 503; what goes on may end. */
  drain(): void;
  stop(): void;
  figures(): SipFigures;
}

/** Registrar, proxy and what they need, put together. */
export function createSipServer(services: SipServices): SipServer {
  const { clock, random, transport, settings, member, secret, agent, owner } = services;
  const mac = new ShortMac(secret);
  const wheel = new TimerWheel(clock);
  const branches = new BranchCodec(member, mac);
  const tokens = new FlowTokens(member, mac);
  const tallies = new MessageTallies();
  const calls = new CallRecords({ clock, member, sink: services.callRecords });
  const media =
    services.media &&
    new CallMedia({
      ...services.media,
      keeper: services.media.keeping,
      silent: (callId, aTag, bTag, summary) => calls.silent(callId, [aTag, bTag], summary),
    });
  const callEnded = (end: EndedCall): void => {
    calls.bye(end, media?.bye(end));
    agent?.callEnded?.(end);
  };
  if (media !== undefined) {
    services.media?.keeping?.connect({ restore: (call) => media.restore(call), ended: callEnded });
  }
  const observe = (call: CallBegin): CallObserver | undefined =>
    observers(calls.begin(call), agent?.callBegins?.(call));
  let layer!: TransactionLayer;
  const core = new Core(
    {
      ...services,
      branches,
      tokens,
      observe,
      media,
      callEnded,
    },
    (user) => {
      layer = new TransactionLayer(
        {
          clock,
          random,
          transport,
          wheel,
          branches,
          mac,
          timers: settings.timers,
          limits: settings.limits,
          answered: (method, status) => tallies.count(method, status),
        },
        user,
      );
      return layer;
    },
  );
  agent?.connect?.({
    layer,
    transport,
    locator: services.locator,
    ...(owner && { routeParameter: `;hf=${tokens.write(PATH_SCOPE, undefined)}` }),
  });
  const pinger = new NatPinger({
    clock,
    random,
    transport,
    branches,
    location: services.location,
    member: services.memberName ?? '',
    settings: settings.natPing,
  });
  owner?.connect({
    knows: (message) => layer.knows(message),
    knowsBranch: (branch) => layer.knowsBranch(branch),
    callEnded,
    answeredElsewhere: (method, status) => tallies.count(method, status),
  });
  let relayed = 0;
  let isDraining = false;
  const requests = new PlainRequests({
    options: new PlainOptions({
      users: services.directory,
      transport,
      notReady: services.notReady,
      key: secret,
    }),
    registrar: services.plainRegistrar,
    answers: {
      respond: (bytes, hop, via) => transport.respond(bytes, hop, via),
      answered: (method, status) => tallies.count(method, status),
    },
    farm: owner,
    relayed: () => {
      relayed++;
    },
  });
  const dialogs = new PlainDialogs({
    transport,
    layer,
    branches,
    tokens,
    callEnded,
    answered: (status) => tallies.count('BYE', status),
    farm: owner,
  });
  const taken = (bytes: Buffer, hop: Hop): boolean =>
    !isDraining && (core.takePlain(bytes, hop) || requests.take(bytes, hop));
  const receive = (message: SipMessage, hop: Hop): void => {
    const place = owner?.placeOf(message, hop) ?? 'here';
    if (place === 'here') layer.receive(message, hop);
    else if (place === 'anywhere') core.passOn(message, hop);
    else if (place === 'elsewhere') relayed++;
  };
  return {
    start: () => {
      transport.listen({
        datagram: (bytes, hop) => dialogs.take(bytes, hop) || taken(bytes, hop),
        relayed: taken,
        message: receive,
        bad: (bad, hop) => core.bad(bad, hop),
        flowEnded: (hop) => services.flowEnded?.(hop),
      });
      pinger.start();
    },
    drain: () => {
      isDraining = true;
      core.drain();
    },
    stop: () => {
      pinger.stop();
      layer.stop();
      calls.stop();
    },
    figures: () => ({
      transactions: layer.figures,
      answers: tallies.list(),
      calls: calls.figures,
      natPings: pinger.count,
      relayed,
    }),
  };
}
