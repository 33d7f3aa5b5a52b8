import type { Clock } from '#io';
import type { LocationService } from '../registrar/location-service.ts';
import { dialogDocument, dialogInfoType } from './dialog-document.ts';
import type { CallDialogs } from './dialogs.ts';
import { isColleague, isKnown, isOwner, type EventPackage } from './event-package.ts';
import { eventLimits } from './limits.ts';
import type { MessageStore } from './message-store.ts';
import { messageSummary, messageSummaryType } from './message-summary.ts';
import { pidfType, presenceDocument } from './presence-document.ts';
import type { PublicationStore } from './publication-store.ts';
import { regDocument, reginfoType } from './reg-document.ts';

export interface PackageServices {
  readonly clock: Clock;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly publications: Pick<PublicationStore, 'of'>;
  readonly messages: Pick<MessageStore, 'count'>;
  readonly dialogs: Pick<CallDialogs, 'of'>;
}

/** The event packages that this server answers for, by name. */
export function eventPackages(services: PackageServices): ReadonlyMap<string, EventPackage> {
  const { clock, location, publications, messages, dialogs } = services;
  const packages: readonly EventPackage[] = [
    {
      name: 'presence',
      contentType: pidfType,
      intervalMs: eventLimits.presenceIntervalMs,
      mayWatch: isKnown,
      mayPublish: isOwner,
      document: (aor) => {
        const published = publications.of('presence', aor).map(({ body }) => body);
        return presenceDocument(aor, published, location.lookup(aor).length > 0);
      },
    },
    {
      name: 'dialog',
      contentType: dialogInfoType,
      intervalMs: eventLimits.notifyIntervalMs,
      mayWatch: isColleague,
      document: (aor, version) => dialogDocument(aor, dialogs.of(aor), version),
    },
    {
      name: 'reg',
      contentType: reginfoType,
      intervalMs: eventLimits.notifyIntervalMs,
      mayWatch: isOwner,
      document: (aor, version) => regDocument(aor, location.lookup(aor), version, Math.floor(clock.wallMs() / 1000)),
    },
    {
      name: 'message-summary',
      contentType: messageSummaryType,
      intervalMs: eventLimits.notifyIntervalMs,
      mayWatch: isOwner,
      // A voice mail system of a trusted network says how many messages it has.
      mayPublish: ({ isTrusted }) => isTrusted,
      document: (aor) =>
        publications.of('message-summary', aor).at(-1)?.body ?? messageSummary(aor, messages.count(aor)),
    },
  ];
  return new Map(packages.map((one) => [one.name, one]));
}
