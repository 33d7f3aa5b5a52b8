import { parseIpAddress } from '#base';
import { balancers, farmSettings, processingSettings, type FaceOverrides, type FarmOverrides } from './settings.ts';

/** Of one list: more places than any server has. */
export const maxListed = 256;

/** An address as we write it, or undefined. */
export const addressText = (text: string): string | undefined =>
  parseIpAddress(text) === undefined ? undefined : text.toLowerCase();

/** `192.0.2.0/24`; an address alone is a network of one. undefined: neither. */
export function networkText(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const bytes = parseIpAddress(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  if (prefix === undefined) return `${address}/${bytes.length * 8}`;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bytes.length * 8 ? text : undefined;
}

/**
 * What a record of the store sets, `{"farm":"member","virtualAddresses":["192.0.2.1"]}`. What is not understood is as if it
 * were not there: a newer server may have written it.
 */
export function parseOverrides(value: Uint8Array): FarmOverrides | undefined {
  const record = parseObject(value);
  return record && overridesOf(record);
}

/** As `parseOverrides`, without what is a single server's matter. */
export function parseFaceOverrides(value: Uint8Array): FaceOverrides | undefined {
  const record = parseObject(value);
  if (record === undefined) return undefined;
  const { virtualAddresses, balancer, wanAddress, lanNetworks } = overridesOf(record);
  return withoutGaps({ virtualAddresses, balancer, wanAddress, lanNetworks });
}

export const serialiseOverrides = (overrides: FarmOverrides): string => JSON.stringify(withoutGaps(overrides));

/** Those that say something. */
export function withoutGaps<T extends object>(overrides: T): T {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) as T;
}

export function parseObject(value: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    return parsed as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function overridesOf(record: Readonly<Record<string, unknown>>): FarmOverrides {
  const { farm, signals, callLegs, virtualAddresses, balancer, wanAddress, lanNetworks } = record;
  return withoutGaps<FarmOverrides>({
    farm: oneOf(farmSettings, farm),
    signals: oneOf(processingSettings, signals),
    callLegs: oneOf(processingSettings, callLegs),
    virtualAddresses: listOf(virtualAddresses, addressText),
    balancer: oneOf(balancers, balancer),
    wanAddress: wanAddress === '' ? '' : typeof wanAddress === 'string' ? addressText(wanAddress) : undefined,
    lanNetworks: listOf(lanNetworks, networkText),
  });
}

export const oneOf = <T extends string>(choices: readonly T[], value: unknown): T | undefined =>
  choices.find((choice) => choice === value);

export function listOf(value: unknown, read: (text: string) => string | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > maxListed) return undefined;
  const found = value.map((one) => (typeof one === 'string' ? read(one) : undefined));
  return found.every((one) => one !== undefined) ? found : undefined;
}
