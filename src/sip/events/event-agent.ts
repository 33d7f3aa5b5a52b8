import type { Backplane } from '#backplane';
import type { Logger } from '#base';
import type { Clock, Random } from '#io';
import type { AccountAgent, AgentConnection, AgentRequest } from '../core/account-agent.ts';
import type { CallBegin } from '../proxy/call-begin.ts';
import type { CallObserver } from '../proxy/call-observer.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { Binding } from '../registrar/binding.ts';
import type { LocationService } from '../registrar/location-service.ts';
import { CallDialogs, type CallDialogsServices } from './dialogs.ts';
import { MessageDelivery } from './message-delivery.ts';
import { MessageRequests } from './message-requests.ts';
import { MessageStore } from './message-store.ts';
import { eventPackages } from './packages.ts';
import { PublicationStore } from './publication-store.ts';
import { PublishRequests } from './publish-requests.ts';
import { RequestSender } from './request-sender.ts';
import { SubscribeRequests } from './subscribe-requests.ts';
import { Subscriptions } from './subscriptions.ts';

export interface EventAgentServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly backplane: Backplane;
  readonly location: Pick<LocationService, 'lookup' | 'onChange'>;
  readonly accountOf: CallDialogsServices['accountOf'];
  /** This member reaches the binding; absent: it reaches all. */
  readonly isMine?: (aor: string, binding: Binding) => boolean;
  /** This member changes what is stored for the account; absent: it does for all. */
  readonly owns?: (aor: string) => boolean;
}

export interface EventFigures {
  readonly subscriptions: number;
  readonly publications: number;
  readonly waitingMessages: number;
}

/** Answers in the stead of accounts: presence, calls, registrations, waiting messages. Made before the server, connected to it after. */
export class EventAgent implements AccountAgent {
  readonly #services: EventAgentServices;
  readonly #publications: PublicationStore;
  readonly #messages: MessageStore;
  readonly #dialogs: CallDialogs;
  #connected: Connected | undefined;
  #unlisten: (() => void) | undefined;

  private constructor(
    services: EventAgentServices,
    publications: PublicationStore,
    messages: MessageStore,
    dialogs: CallDialogs,
  ) {
    this.#services = services;
    this.#publications = publications;
    this.#messages = messages;
    this.#dialogs = dialogs;
  }

  /** Resolves when what was published, and what waits, is at hand. */
  static async open(services: EventAgentServices): Promise<EventAgent> {
    const { backplane, clock, logger } = services;
    const relay: { tell?: (packageName: string, aor: string) => void } = {};
    const changed = (packageName: string, aor: string): void => relay.tell?.(packageName, aor);
    const options = { backplane, clock, ...(logger && { logger }) };
    const publications = await PublicationStore.open({ ...options, changed });
    const messages = await MessageStore.open({ ...options, changed: (aor) => changed('message-summary', aor) });
    const dialogs = new CallDialogs({ clock, accountOf: services.accountOf, changed: (aor) => changed('dialog', aor) });
    const agent = new EventAgent(services, publications, messages, dialogs);
    relay.tell = (packageName, aor) => agent.#changed(packageName, aor);
    return agent;
  }

  /** The server is there: from now on requests can be sent. */
  connect(connection: AgentConnection): void {
    const { clock, random, logger, location, isMine = () => true } = this.#services;
    const sender = new RequestSender(connection);
    const subscriptions = new Subscriptions({ clock, sender });
    const packages = eventPackages({
      clock,
      location,
      publications: this.#publications,
      messages: this.#messages,
      dialogs: this.#dialogs,
    });
    const shared = { clock, random, ...(logger && { logger }) };
    const delivery = new MessageDelivery({ ...shared, messages: this.#messages, location, sender, isMine });
    const messages = new MessageRequests({ ...shared, messages: this.#messages, location, delivery });
    const { transport } = connection;
    this.#connected = {
      subscriptions,
      subscribe: new SubscribeRequests({
        packages,
        subscriptions,
        transport,
        random,
        ...(connection.routeParameter !== undefined && { routeParameter: connection.routeParameter }),
      }),
      publish: new PublishRequests({ packages, publications: this.#publications, random }),
      messages,
      packageNames: [...packages.keys()],
    };
    this.#unlisten = location.onChange((change) => {
      const { aor } = change;
      subscriptions.changed('reg', aor);
      if (change.isRefresh === true) {
        delivery.begin(aor);
        return;
      }
      const { before, after } = change;
      if (before.length === 0 || after.length === 0) subscriptions.changed('presence', aor);
      if (after.length > 0) delivery.begin(aor);
    });
  }

  take(request: AgentRequest): boolean {
    const connected = this.#connected;
    if (connected === undefined) return false;
    switch (request.message.method) {
      case 'SUBSCRIBE':
        return connected.subscribe.take(request);
      case 'PUBLISH':
        return connected.publish.take(request);
      case 'MESSAGE':
        return connected.messages.take(request);
      default:
        return false;
    }
  }

  /** An INVITE that makes a dialog is about to be forwarded. */
  callBegins(call: CallBegin): CallObserver | undefined {
    return this.#dialogs.begin(call);
  }

  /** A BYE is forwarded, here or by another member. */
  callEnded(end: EndedCall): void {
    this.#dialogs.bye(end);
  }

  #changed(packageName: string, aor: string): void {
    this.#connected?.subscriptions.changed(packageName, aor);
  }

  /** An account is gone: who watches it is told so, and it watches nobody; what is stored for it goes. */
  accountRemoved(aor: string): void {
    const { owns = () => true, logger } = this.#services;
    const { subscriptions, packageNames = [] } = this.#connected ?? {};
    subscriptions?.withdraw(aor, packageNames);
    subscriptions?.endThoseOf(aor);
    if (!owns(aor)) return;
    Promise.all([this.#publications.removeAll(aor, packageNames), this.#messages.removeAll(aor)]).catch(
      (error: unknown) => {
        logger?.warn({ aor, err: error }, 'messages or presence of a removed account are still in the store');
      },
    );
  }

  get figures(): EventFigures {
    return {
      subscriptions: this.#connected?.subscriptions.size ?? 0,
      publications: this.#publications.size,
      waitingMessages: this.#messages.size,
    };
  }

  close(): void {
    this.#unlisten?.();
    this.#connected?.subscriptions.stop();
    this.#publications.close();
    this.#messages.close();
  }
}

interface Connected {
  readonly subscriptions: Subscriptions;
  readonly subscribe: SubscribeRequests;
  readonly publish: PublishRequests;
  readonly messages: MessageRequests;
  readonly packageNames: readonly string[];
}
