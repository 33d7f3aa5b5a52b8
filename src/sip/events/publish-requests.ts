import type { Random } from '#io';
import type { AgentRequest } from '../core/account-agent.ts';
import { ownText } from '../message/characters.ts';
import { eventField } from '../message/event-fields.ts';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import { mediaType } from '../message/session-fields.ts';
import { answer, type AgentAnswer } from './answering.ts';
import type { EventPackage } from './event-package.ts';
import { eventLimits } from './limits.ts';
import type { PublicationStore } from './publication-store.ts';
import { etagOf, type PublishInput } from './publications.ts';

export interface PublishServices {
  readonly packages: ReadonlyMap<string, EventPackage>;
  readonly publications: Pick<PublicationStore, 'publish'>;
  readonly random: Random;
}

const ID_BYTES = 8;

/** RFC 3903 §6: PUBLISH requests. */
export class PublishRequests {
  readonly #services: PublishServices;

  constructor(services: PublishServices) {
    this.#services = services;
  }

  /** False: nobody here publishes such things; it is for the account's own devices. */
  take(request: AgentRequest): boolean {
    const { packages } = this.#services;
    const event = eventField(request.message);
    const eventPackage = event === undefined || event instanceof Malformed ? undefined : packages.get(event.package);
    const isPublishable = eventPackage?.mayPublish !== undefined;
    if (!isPublishable && request.isReachable && event !== undefined) return false;
    const transaction = request.accept();
    const respond = (answered: AgentAnswer): void => answer(request, transaction, answered);
    if (!isPublishable) {
      const names = [...packages.values()].filter(({ mayPublish }) => mayPublish !== undefined).map(({ name }) => name);
      respond({ status: 489, headers: [[HeaderId.AllowEvents, names.join(', ')]] });
      return true;
    }
    const refusal = refusalOf(request, eventPackage);
    if (refusal === undefined) this.#publish(request, eventPackage, respond);
    else respond(refusal);
    return true;
  }

  #publish(request: AgentRequest, eventPackage: EventPackage, respond: (answered: AgentAnswer) => void): void {
    const { publications, random } = this.#services;
    const input = inputOf(request, eventPackage, random.bytes(ID_BYTES).toString('hex'));
    publications.publish(input).then(
      (result) => {
        if (result.kind === 'refused') {
          const retry = result.status === 503 ? ([[HeaderId.RetryAfter, '60']] as const) : [];
          respond({ status: result.status, reason: result.reason, headers: retry });
          return;
        }
        respond({
          status: 200,
          headers: [
            [HeaderId.SipEtag, etagOf(result.publication)],
            [HeaderId.Expires, String(input.expiresS)],
          ],
        });
      },
      () => respond({ status: 503, reason: 'Storage is unavailable', headers: [[HeaderId.RetryAfter, '5']] }),
    );
  }
}

function inputOf({ message, account }: AgentRequest, { name, contentType }: EventPackage, newId: string): PublishInput {
  const etag = message.value(HeaderId.SipIfMatch);
  return {
    aor: account.aor,
    package: name,
    etag: etag === undefined ? undefined : ownText(etag),
    expiresS: Math.min(message.expires() ?? eventLimits.defaultExpiresS, eventLimits.maxExpiresS),
    content: message.bodyLength === 0 ? undefined : { type: contentType, body: Buffer.from(message.body()) },
    newId,
  };
}

function refusalOf(request: AgentRequest, eventPackage: EventPackage): AgentAnswer | undefined {
  const { message, account, sender, isTrusted } = request;
  const required = message.elements(HeaderId.Require);
  if (required.length > 0) return { status: 420, headers: [[HeaderId.Unsupported, required.join(', ')]] };
  if (eventPackage.mayPublish?.({ account: sender, isTrusted }, account) !== true) return { status: 403 };
  const expiresS = message.expires() ?? eventLimits.defaultExpiresS;
  if (expiresS > 0 && expiresS < eventLimits.minExpiresS) {
    return { status: 423, headers: [[HeaderId.MinExpires, String(eventLimits.minExpiresS)]] };
  }
  if (message.bodyLength > eventLimits.publishedMaxBytes) return { status: 413 };
  if (message.bodyLength > 0 && mediaType(message) !== eventPackage.contentType) {
    return { status: 415, headers: [[HeaderId.Accept, eventPackage.contentType]] };
  }
  return undefined;
}
