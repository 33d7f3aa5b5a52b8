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
  /** The account that watches; undefined: somebody of a trusted network. */
  readonly watcher: string | undefined;
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
  readonly #byWatcher = new Map<string, Set<Kept>>();

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
    addTo(this.#byResource, resourceKey(watch.package.name, watch.aor), kept);
    if (watch.watcher !== undefined) addTo(this.#byWatcher, watch.watcher, kept);
    this.#give(kept, { kind: 'subscribed', expiresS });
  }

  /** RFC 6665 §4.1.2.2; 0 ends it. */
  refresh(watch: Watch, expiresS: number): void {
    const kept = this.#byKey.get(watch.key);
    if (kept !== undefined) this.#give(kept, { kind: 'subscribed', expiresS });
  }

  /** What is told of an account is another thing now. */
  changed(packageName: string, aor: string): void {
    // Asked for each registration.
    if (this.#byResource.size === 0) return;
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

  /** The account that watches is gone. */
  endThoseOf(watcher: string): void {
    for (const kept of [...(this.#byWatcher.get(watcher) ?? [])]) {
      this.#give(kept, { kind: 'withdrawn', reason: 'rejected' });
    }
  }

  /** Forgets all, silently. */
  stop(): void {
    for (const { timer } of this.#byKey.values()) timer?.cancel();
    this.#byKey.clear();
    this.#byResource.clear();
    this.#byWatcher.clear();
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
    takeFrom(this.#byResource, resourceKey(kept.package.name, kept.aor), kept);
    if (kept.watcher !== undefined) takeFrom(this.#byWatcher, kept.watcher, kept);
  }
}

function addTo(sets: Map<string, Set<Kept>>, key: string, kept: Kept): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([kept]));
  else set.add(kept);
}

function takeFrom(sets: Map<string, Set<Kept>>, key: string, kept: Kept): void {
  const set = sets.get(key);
  set?.delete(kept);
  if (set?.size === 0) sets.delete(key);
}

const resourceKey = (packageName: string, aor: string): string => `${packageName} ${aor}`;
