/** The parts of an X.509 name that people are shown; empty where the name has none. */
export interface DistinguishedName {
  readonly commonName: string;
  readonly organization: string;
  readonly unit: string;
  readonly country: string;
  readonly state: string;
  readonly locality: string;
}

const partNames = {
  commonName: 'CN',
  organization: 'O',
  unit: 'OU',
  country: 'C',
  state: 'ST',
  locality: 'L',
} as const;

/**
 * Reads a name as OpenSSL prints it: one `CN=value` to a line, ` + ` between the values of one RDN, both escaped as
 * RFC 2253 §2.4 says. Of several values of one kind the first counts.
 */
export function parseDistinguishedName(text: string): DistinguishedName {
  const values = new Map<string, string>();
  for (const part of text.split(/\n| \+ /)) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0));
    if (equals > 0 && !values.has(name)) values.set(name, unescapeValue(part.slice(equals + 1)));
  }
  const value = (part: keyof typeof partNames): string => values.get(partNames[part]) ?? '';
  return {
    commonName: value('commonName'),
    organization: value('organization'),
    unit: value('unit'),
    country: value('country'),
    state: value('state'),
    locality: value('locality'),
  };
}

/** `user1, Org, JP`: the form in which SoftEther tools show a name. */
export function distinguishedNameText(name: DistinguishedName): string {
  const parts = [name.commonName, name.organization, name.unit, name.country, name.state, name.locality];
  return parts.filter((part) => part !== '').join(', ');
}

/** `\,` stands for a comma, `\0A` for one byte. */
function unescapeValue(text: string): string {
  return text.replace(/\\([0-9A-F]{2})|\\(.)/g, (_, byte: string | undefined, character: string | undefined) =>
    byte === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(byte, 16)),
  );
}
