import type { Clock, Timer } from '#io';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import type { EventPackage } from './event-package.ts';
import { eventLimits } from './limits.ts';
import type { RequestSender } from './request-sender.ts';
import { Subscription, type SubscriptionAction, type SubscriptionInput } from './subscription.ts';
import type { WatcherDialog } from './watcher-dialog.ts';

/** One subscription with its dialog. */
export interface Watch {
  readonly key: string;
  readonly aor: string;
  readonly package: EventPackage;
  /** Value of Event, with its id. */
  readonly event: string;
  readonly dialog: WatcherDialog;
}

interface Kept extends Watch {
  readonly machine: Subscription;
  timer: Timer | undefined;
  version: number;
}

export interface SubscriptionsServices {
  readonly clock: Clock;
  readonly sender: Pick<RequestSender, 'send'>;
}

/** All subscriptions of this member; does what their machines say. */
export class Subscriptions {
  readonly #services: SubscriptionsServices;
  readonly #byKey = new Map<string, Kept>();
  readonly #byResource = new Map<string, Set<Kept>>();

  constructor(services: SubscriptionsServices) {
    this.#services = services;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** No room for one more. */
  isFull(packageName: string, aor: string): boolean {
    const ofResource = this.#byResource.get(resourceKey(packageName, aor))?.size ?? 0;
    return this.#byKey.size >= eventLimits.maxSubscriptions || ofResource >= eventLimits.maxSubscriptionsPerResource;
  }

  find(key: string): Watch | undefined {
    const found = this.#byKey.get(key);
    return found?.machine.isActive === true ? found : undefined;
  }

  /** A new one, whose SUBSCRIBE has been answered; the first NOTIFY follows at once. */
  add(watch: Watch, expiresS: number): void {
    const kept: Kept = { ...watch, machine: new Subscription(watch.package.intervalMs), timer: undefined, version: 0 };
    this.#byKey.set(watch.key, kept);
    const resource = resourceKey(watch.package.name, watch.aor);
    const ofResource = this.#byResource.get(resource) ?? new Set<Kept>();
    this.#byResource.set(resource, ofResource);
    ofResource.add(kept);
    this.#give(kept, { kind: 'subscribed', expiresS });
  }

  /** RFC 6665 §4.1.2.2; 0 ends it. */
  refresh(watch: Watch, expiresS: number): void {
    const kept = this.#byKey.get(watch.key);
    if (kept !== undefined) this.#give(kept, { kind: 'subscribed', expiresS });
  }

  /** What is told of an account is another thing now. */
  changed(packageName: string, aor: string): void {
    const ofResource = this.#byResource.get(resourceKey(packageName, aor));
    if (ofResource !== undefined) for (const kept of [...ofResource]) this.#give(kept, { kind: 'changed' });
  }

  /** The account is gone: all who watch it are told. */
  withdraw(aor: string, packageNames: Iterable<string>): void {
    for (const name of packageNames) {
      for (const kept of [...(this.#byResource.get(resourceKey(name, aor)) ?? [])]) {
        this.#give(kept, { kind: 'withdrawn', reason: 'noresource' });
      }
    }
  }

  /** Forgets all, silently. */
  stop(): void {
    for (const { timer } of this.#byKey.values()) timer?.cancel();
    this.#byKey.clear();
    this.#byResource.clear();
  }

  #give(kept: Kept, input: SubscriptionInput): void {
    for (const action of kept.machine.receive(input, this.#services.clock.nowMs())) this.#do(kept, action);
  }

  #do(kept: Kept, action: SubscriptionAction): void {
    switch (action.kind) {
      case 'notify':
        this.#notify(kept, action.state);
        break;
      case 'wakeAt':
        this.#wakeAt(kept, action.atMs);
        break;
      case 'ended':
        this.#end(kept);
        break;
    }
  }

  #notify(kept: Kept, state: string): void {
    const { dialog, event, aor, package: eventPackage } = kept;
    const headers: HeaderLine[] = [
      ...dialog.nextHeaders('NOTIFY'),
      [HeaderId.Event, event],
      [HeaderId.SubscriptionState, state],
    ];
    const request = {
      method: 'NOTIFY',
      requestUri: dialog.remoteTarget,
      headers,
      body: eventPackage.document(aor, kept.version++),
      contentType: eventPackage.contentType,
    };
    this.#services.sender.send(request, dialog.way(), (answer) => {
      if (this.#byKey.get(kept.key) !== kept) return;
      const isGood = answer !== undefined && answer.status < 300;
      this.#give(kept, { kind: isGood ? 'notified' : 'failed' });
    });
  }

  #wakeAt(kept: Kept, atMs: number): void {
    const { clock } = this.#services;
    kept.timer?.cancel();
    kept.timer = clock.after(Math.max(atMs - clock.nowMs(), 0), () => this.#give(kept, { kind: 'woken' }));
  }

  #end(kept: Kept): void {
    kept.timer?.cancel();
    this.#byKey.delete(kept.key);
    const resource = resourceKey(kept.package.name, kept.aor);
    const ofResource = this.#byResource.get(resource);
    ofResource?.delete(kept);
    if (ofResource?.size === 0) this.#byResource.delete(resource);
  }
}

const resourceKey = (packageName: string, aor: string): string => `${packageName} ${aor}`;
