/**
 * Servers whose certificate a person has accepted, as `ssh` keeps known hosts: one line for each,
 * `host:port sha256:AA:BB…`. Lines that start with `#`, and what cannot be read, are left alone.
 */
export interface KnownServers {
  readonly fingerprints: ReadonlyMap<string, string>;
}

const entry = /^(\S+)\s+sha256:([0-9A-F]{2}(?::[0-9A-F]{2}){31})$/i;

export function parseKnownServers(text: string): KnownServers {
  const fingerprints = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, server, fingerprint] = entry.exec(line.trim()) ?? [];
    // The last line about a server counts, so a changed one can simply be appended.
    if (server !== undefined && fingerprint !== undefined) fingerprints.set(server, fingerprint.toUpperCase());
  }
  return { fingerprints };
}

export const knownServerLine = (server: string, fingerprint: string): string => `${server} sha256:${fingerprint}\n`;

/** A fingerprint as people type it: with or without `sha256:` and colons, in any case; undefined = not one. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^sha-?256:/i, '')
    .replace(/[:\s]/g, '')
    .toUpperCase();
  return /^[0-9A-F]{64}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : undefined;
}
