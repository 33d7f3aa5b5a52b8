import { ConfigError } from './config-error.ts';
import { nearestName } from './nearest-name.ts';
import { type ConfigFile, type GivenValue, readDocument } from './read-document.ts';
import { type Config, sections } from './sections.ts';
import type { Section, Setting } from './setting.ts';

/** `--set section.key=value`, in the order of the command line; later ones win, and all of them over the file. */
const overridePattern = /^\s*([^.=\s]+)\.([^=\s]+)\s*=(.*)$/s;

type AnySettings = Readonly<Record<string, Setting<unknown>>>;
type AnySection = Section<Record<string, unknown>>;

const sectionNames = Object.keys(sections);
const sectionOf = (name: string): AnySection | undefined =>
  Object.hasOwn(sections, name) ? (sections[name as keyof Config] as unknown as AnySection) : undefined;
const allKeys = sectionNames.flatMap((name) => Object.keys(sectionOf(name)!.settings).map((key) => `${name}.${key}`));

function settingOf(section: string, key: string): Setting<unknown> | undefined {
  const settings = sectionOf(section)?.settings as AnySettings | undefined;
  return settings !== undefined && Object.hasOwn(settings, key) ? settings[key] : undefined;
}

/** "did you mean …", from the section's own names, else from the whole configuration's. */
function hint(section: string, key: string): string {
  if (section === '' && sectionOf(key) !== undefined) return `write [${key}] once, and its settings below it`;
  const known = sectionOf(section);
  if (known !== undefined) {
    const near = nearestName(key, Object.keys(known.settings));
    if (near !== undefined) return `did you mean ${section}.${near}?`;
  }
  const elsewhere = allKeys.find((name) => name.endsWith(`.${key}`)) ?? nearestName(`${section}.${key}`, allKeys);
  if (elsewhere !== undefined) return `did you mean ${elsewhere}?`;
  if (known !== undefined) return `[${section}] has ${Object.keys(known.settings).join(', ')}`;
  const near = nearestName(section === '' ? key : section, sectionNames);
  return near === undefined ? `there are the sections ${sectionNames.join(', ')}` : `did you mean the section ${near}?`;
}

function shown(value: unknown): string {
  // JSON writes infinite numbers as null.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Decodes the given values over the fallbacks; says what is wrong with them in `problems`. */
function decode(given: readonly GivenValue[], problems: string[]): Config {
  const places = new Map<string, string>();
  const config: Record<string, Record<string, unknown>> = {};
  for (const name of sectionNames) {
    const settings = Object.entries(sectionOf(name)!.settings as AnySettings);
    config[name] = Object.fromEntries(settings.map(([key, { fallback }]) => [key, fallback]));
  }
  for (const { section, key, value, place } of given) {
    if (key === '') {
      if (sectionOf(section) === undefined) problems.push(`${place}: unknown section ${section}: ${hint('', section)}`);
      continue;
    }
    const name = section === '' ? key : `${section}.${key}`;
    const setting = settingOf(section, key);
    const accepted = setting?.accept(value);
    if (setting === undefined) problems.push(`${place}: unknown setting ${name}: ${hint(section, key)}`);
    else if (accepted === undefined) problems.push(`${place}: ${name} must be ${setting.expects}, not ${shown(value)}`);
    else config[section]![key] = accepted.value;
    places.set(name, place);
  }
  if (problems.length === 0) problems.push(...conflicts(config, places));
  return config as unknown as Config;
}

function conflicts(config: Record<string, Record<string, unknown>>, places: ReadonlyMap<string, string>): string[] {
  return sectionNames.flatMap((name) => {
    const found = sectionOf(name)!.conflict?.(config[name]!);
    if (found === undefined) return [];
    const key = `${name}.${found.key}`;
    return [`${places.get(key) ?? `[${name}]`}: ${key} ${found.message}`];
  });
}

function readOverride(override: string, problems: string[]): GivenValue[] {
  const [, section, key, word] = overridePattern.exec(override) ?? [];
  const place = `--set ${override}`;
  if (section === undefined || key === undefined || word === undefined) {
    problems.push(`${place}: write --set SECTION.KEY=VALUE, for instance --set log.level=debug`);
    return [];
  }
  const setting = settingOf(section, key);
  return [{ section, key, value: setting === undefined ? word : setting.fromWord(word.trim()), place }];
}

/**
 * The configuration from a file (if there is one) and the `--set` words of the command line.
 * @throws ConfigError that lists every problem with its file and line.
 */
export function loadConfig(file: ConfigFile | undefined, overrides: readonly string[] = []): Config {
  const problems: string[] = [];
  const fromFile = file === undefined ? [] : readDocument(file);
  const config = decode([...fromFile, ...overrides.flatMap((word) => readOverride(word, problems))], problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
