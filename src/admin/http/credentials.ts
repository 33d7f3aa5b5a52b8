/** What a request brings to prove who asks. Passwords are bytes: their hash is over what the client sent. */
export interface Credentials {
  readonly kind: 'headers' | 'basic';
  /** '' = the whole server. */
  readonly hubName: string;
  readonly password: Buffer;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * `X-VPNADMIN-PASSWORD` (with `X-VPNADMIN-HUBNAME`, which the stock clients send empty for the whole server), else HTTP
 * Basic with the hub's name as user, or nobody or `administrator` for the whole server.
 */
export function readCredentials(headers: Headers): Credentials | undefined {
  const password = single(headers['x-vpnadmin-password']);
  if (password !== undefined) {
    const hubName = single(headers['x-vpnadmin-hubname']) ?? '';
    return { kind: 'headers', hubName: bytesOf(hubName).toString('utf8'), password: bytesOf(password) };
  }
  return readBasic(single(headers.authorization));
}

function readBasic(header: string | undefined): Credentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64');
  const colon = decoded.indexOf(':');
  if (colon === -1) return undefined;
  const user = decoded.toString('utf8', 0, colon);
  const hubName = user.toLowerCase() === 'administrator' ? '' : user;
  return { kind: 'basic', hubName, password: decoded.subarray(colon + 1) };
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Header values reach us with one character per byte. */
function bytesOf(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

/**
 * Whether a page of another site made the browser send this. Such a page cannot know a password, but the browser adds
 * remembered Basic credentials by itself: those must not count then.
 */
export function isFromAnotherSite(headers: Headers): boolean {
  const site = single(headers['sec-fetch-site']);
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = single(headers.origin);
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== single(headers.host);
}
