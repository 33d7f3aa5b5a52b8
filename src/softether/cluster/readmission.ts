import { HubfarmError, type Logger } from '#base';
import type { Bus, Controllership, Membership } from '#cluster';
import { defaultPolicy, kindInCluster, type HubDirectory, type Policy, type VirtualHub } from '#hub';
import type { Clock } from '#io';
import { effectivePolicy } from '../handshake/effective-policy.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { ClusterSessionLimits } from './limits.ts';
import { licenceOf, machineOf } from './licence.ts';
import { orderToSend, type PlaceOrder } from './place-order.ts';
import type { Placer } from './placer.ts';

/** The controller's service for sessions that go on after their member's restart: a `PlaceOrder` with `sessionName` */
export const READMIT_SERVICE = 'softether/readmit';

export interface ReadmissionDeps {
  readonly bus: Pick<Bus, 'self' | 'call'>;
  readonly controllership: Pick<Controllership, 'isController' | 'controller'>;
  readonly membership: Pick<Membership, 'self'>;
  readonly placer: Pick<Placer, 'readmit'>;
  readonly directory: HubDirectory;
  readonly groupPolicy?: (hubName: string, groupName: string) => Policy | undefined;
  readonly openHub: (hubName: string) => Promise<VirtualHub | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ClusterSessionLimits;
}

/**
 * Whether a session of before the restart may go on here. The controller counts it against the limits, and says whether
 * its hub, if that is a dynamic one, lives here again. Without a controller static hubs go on, and dynamic ones do not.
 */
export async function askReadmission(deps: ReadmissionDeps, entry: JournalEntry): Promise<boolean> {
  const { directory, openHub, clock, limits, logger, membership } = deps;
  const hub = directory.hub(entry.hubName);
  // A draining member would only send it away again.
  if (hub?.isOnline !== true || membership.self.isDraining) return false;
  const isStatic = kindInCluster(hub.kind) === 'static';
  const untilMs = clock.nowMs() + limits.readmitTimeoutMs;
  let answer: unknown = 'later';
  for (;;) {
    try {
      answer = await ask(deps, entry);
    } catch (error) {
      if (!(error instanceof HubfarmError)) throw error;
      logger.debug(
        { session: entry.identity.name, err: error },
        'the controller was not asked for a session of before',
      );
      answer = 'later';
    }
    if (answer !== 'later' || clock.nowMs() >= untilMs) break;
    await new Promise<void>((resolve) => void clock.after(limits.retryPlaceMs, resolve));
  }
  if (answer === 'later') return isStatic;
  return answer === 'yes' && (isStatic || (await openHub(hub.name)) !== undefined);
}

function ask(deps: ReadmissionDeps, entry: JournalEntry): unknown {
  const { bus, controllership, placer, limits } = deps;
  const order = orderOf(deps, entry);
  const sessionName = entry.identity.name;
  if (controllership.isController()) return placer.readmit(order, sessionName, bus.self);
  const controller = controllership.controller();
  if (controller === undefined || controller.member === bus.self.member) return 'later';
  const wish = { ...orderToSend(order), sessionName };
  return bus.call(controller, READMIT_SERVICE, wish, { timeoutMs: limits.placeCallTimeoutMs });
}

function orderOf(deps: ReadmissionDeps, { hubName, identity, terms, credential }: JournalEntry): PlaceOrder {
  const { directory, groupPolicy } = deps;
  const { realUserName, groupName, isAdministrator, isLocalhost, uniqueIdText } = identity;
  const hub = directory.hub(hubName);
  const user = isAdministrator ? undefined : directory.user(hubName, realUserName);
  const groups = groupPolicy === undefined ? {} : { groupPolicy };
  const policy = hub === undefined || user === undefined ? defaultPolicy : effectivePolicy(groups, hub, user);
  return {
    hubName,
    userName: identity.userName.toLowerCase(),
    realUserName,
    groupName,
    isAdministrator,
    policy,
    credential,
    machine: machineOf(uniqueIdText),
    licence: licenceOf({ isAdministrator, isLocalhost, isBridgeMode: terms.isBridgeMode }),
  };
}
