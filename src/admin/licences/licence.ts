import { verifyEd25519 } from '#base';

/** Worst first: what each has, the next has too. Clusters need Enterprise or Carrier. */
export const editions = ['standard', 'enterprise', 'carrier'] as const;
export type Edition = (typeof editions)[number];

/** What an issuer has signed. */
export interface Licence {
  /** Names the licence everywhere: it can be registered once. */
  readonly id: string;
  /** What it is, or whose, for people. */
  readonly name: string;
  /** Of a server licence. */
  readonly edition: Edition | undefined;
  /** Sessions of VPN clients at one time that it adds. */
  readonly clients: number;
  /** Sessions of bridges and routers at one time that it adds. */
  readonly bridges: number;
  /** The one server that it is for; undefined: any. */
  readonly server: string | undefined;
  /** Unix milliseconds; 0 = not known. */
  readonly issuedAtMs: number;
  /** Unix milliseconds; 0 = never. */
  readonly expiresAtMs: number;
}

export type Reading =
  { readonly kind: 'licence'; readonly licence: Licence } | { readonly kind: 'bad'; readonly reason: string };

/** As the functions of administration carry it. */
const MAX_LICENCE_CHARACTERS = 1_000;
const PREFIX = 'HF1';
const idPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/;
const MAX_NAME_CHARACTERS = 100;
const MAX_SESSIONS = 10_000_000;

/**
 * A licence is one line, `HF1.<payload>.<signature>`, both base64url. The payload is JSON; the signature is Ed25519 over
 * the line up to the second dot, by the issuer's key. `issuer`: its 32 bytes of public key.
 */
export function readLicence(text: string, issuer: Uint8Array): Reading {
  const line = text.trim();
  if (line.length > MAX_LICENCE_CHARACTERS) return bad(`it is longer than ${MAX_LICENCE_CHARACTERS} characters`);
  const [prefix, payload = '', signature = '', ...rest] = line.split('.');
  if (prefix !== PREFIX || payload === '' || signature === '' || rest.length > 0) {
    return bad(`it is not a line of the form ${PREFIX}.….…`);
  }
  const signed = Buffer.from(`${PREFIX}.${payload}`, 'latin1');
  if (!verifyEd25519(issuer, signed, Buffer.from(signature, 'base64url'))) {
    return bad('its signature is not by the issuer that this server trusts');
  }
  return readPayload(Buffer.from(payload, 'base64url').toString('utf8'));
}

function readPayload(json: string): Reading {
  const fields = parseObject(json);
  if (fields === undefined) return bad('what it says is not a JSON object');
  const { id, name = '', edition, clients = 0, bridges = 0, server, issuedAt, expiresAt } = fields;
  if (typeof id !== 'string' || !idPattern.test(id)) return bad('its id is not 1 to 40 letters, digits and -');
  if (typeof name !== 'string' || name.length > MAX_NAME_CHARACTERS) return bad('its name is no text, or too long');
  const known = editions.find((one) => one === edition);
  if (edition !== undefined && known === undefined) return bad(`its edition is none of ${editions.join(', ')}`);
  if (!isCount(clients) || !isCount(bridges)) return bad('its number of clients or bridges is none');
  if (server !== undefined && typeof server !== 'string') return bad('its server is no text');
  const [issuedAtMs, expiresAtMs] = [timeOf(issuedAt), timeOf(expiresAt)];
  if (issuedAtMs === undefined || expiresAtMs === undefined) return bad('its times are not of the form 2027-01-31');
  const licence = { id, name, edition: known, clients, bridges, server, issuedAtMs, expiresAtMs };
  return { kind: 'licence', licence };
}

const bad = (reason: string): Reading => ({ kind: 'bad', reason });

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_SESSIONS;
}

/** RFC 3339, or a day; absent = 0. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
