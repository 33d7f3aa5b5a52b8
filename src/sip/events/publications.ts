import { eventLimits } from './limits.ts';

/** State that somebody has published for an account (RFC 3903). Never changed: a refresh makes another one. */
export interface Publication {
  readonly id: string;
  /** Counts the changes of this publication; the entity-tag is made of both. */
  readonly serial: number;
  readonly aor: string;
  readonly package: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

export interface PublishInput {
  readonly aor: string;
  readonly package: string;
  /** SIP-If-Match; undefined: a new publication. */
  readonly etag: string | undefined;
  /** 0 takes it back. */
  readonly expiresS: number;
  /** undefined: the state stays, its time is renewed. */
  readonly content: { readonly type: string; readonly body: Buffer } | undefined;
  /** For a new one. */
  readonly newId: string;
}

/** RFC 3903 §6: what is to be kept, or why not. */
export type PublishResult =
  | { readonly kind: 'kept'; readonly publication: Publication }
  | { readonly kind: 'removed'; readonly publication: Publication }
  | { readonly kind: 'refused'; readonly status: 400 | 412 | 503; readonly reason: string };

export const etagOf = ({ id, serial }: Publication): string => `${id}-${serial}`;

const resourceKey = (packageName: string, aor: string): string => `${packageName} ${aor}`;

/** All publications, in memory. Says what a PUBLISH means; whoever asks carries it out with `apply`, and tells `remove` the time. */
export class Publications {
  readonly #byId = new Map<string, Publication>();
  readonly #byResource = new Map<string, Map<string, Publication>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Publication | undefined {
    return this.#byId.get(id);
  }

  /** Oldest first. */
  of(packageName: string, aor: string, nowMs: number): Publication[] {
    const found = this.#byResource.get(resourceKey(packageName, aor));
    return found === undefined ? [] : [...found.values()].filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  /** Of these packages, expired ones too. */
  ofAccount(aor: string, packageNames: readonly string[]): Publication[] {
    return packageNames.flatMap((name) => [...(this.#byResource.get(resourceKey(name, aor))?.values() ?? [])]);
  }

  /** RFC 3903 §6, steps 3 to 6. Changes nothing. */
  publish(input: PublishInput, nowMs: number): PublishResult {
    if (input.etag === undefined) return this.#initial(input, nowMs);
    const before = this.#byId.get(input.etag.slice(0, Math.max(input.etag.lastIndexOf('-'), 0)));
    const isKnown =
      before !== undefined &&
      etagOf(before) === input.etag &&
      before.aor === input.aor &&
      before.package === input.package &&
      before.expiresAtMs > nowMs;
    if (!isKnown) return { kind: 'refused', status: 412, reason: 'Conditional Request Failed' };
    const { type, body } = input.content ?? { type: before.contentType, body: before.body };
    const expiresAtMs = nowMs + input.expiresS * 1000;
    const publication = { ...before, serial: before.serial + 1, contentType: type, body, expiresAtMs };
    return { kind: input.expiresS === 0 ? 'removed' : 'kept', publication };
  }

  #initial({ aor, package: packageName, content, expiresS, newId }: PublishInput, nowMs: number): PublishResult {
    if (content === undefined) return { kind: 'refused', status: 400, reason: 'Bad Request: nothing is published' };
    const count = this.of(packageName, aor, nowMs).length;
    if (count >= eventLimits.maxPublicationsPerAccount || this.#byId.size >= eventLimits.maxPublications) {
      return { kind: 'refused', status: 503, reason: 'Too many publications' };
    }
    const publication: Publication = {
      id: newId,
      serial: 1,
      aor,
      package: packageName,
      contentType: content.type,
      body: content.body,
      expiresAtMs: nowMs + expiresS * 1000,
    };
    return { kind: expiresS === 0 ? 'removed' : 'kept', publication };
  }

  /** Shows it, unless something newer shows already. True: something has changed. */
  apply(publication: Publication): boolean {
    const before = this.#byId.get(publication.id);
    if (before !== undefined && before.serial >= publication.serial) return false;
    this.#byId.set(publication.id, publication);
    const key = resourceKey(publication.package, publication.aor);
    const ofResource = this.#byResource.get(key) ?? new Map<string, Publication>();
    this.#byResource.set(key, ofResource);
    ofResource.delete(publication.id);
    ofResource.set(publication.id, publication);
    return true;
  }

  /** Takes it away; with `serial` only if nothing newer shows. Returns what was there. */
  remove(id: string, serial = Number.POSITIVE_INFINITY): Publication | undefined {
    const before = this.#byId.get(id);
    if (before === undefined || before.serial > serial) return undefined;
    this.#byId.delete(id);
    const key = resourceKey(before.package, before.aor);
    const ofResource = this.#byResource.get(key);
    ofResource?.delete(id);
    if (ofResource?.size === 0) this.#byResource.delete(key);
    return before;
  }

  ids(): IterableIterator<string> {
    return this.#byId.keys();
  }
}
