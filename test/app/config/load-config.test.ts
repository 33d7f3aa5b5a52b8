import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/app/config/config-error.ts';
import { readEnvironment } from '../../../src/app/config/environment.ts';
import { exampleConfig } from '../../../src/app/config/example.ts';
import { loadConfig } from '../../../src/app/config/load-config.ts';

function problemsOf(text: string, overrides: readonly string[] = []): readonly string[] {
  try {
    loadConfig({ name: 'hubfarm.toml', text }, overrides);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  test('has a default for everything', () => {
    const config = loadConfig(undefined);
    expect(config.server).toEqual({ name: '', dataDirectory: './hubfarm-data', firstHub: 'DEFAULT', members: 1 });
    expect(config.listeners.addresses).toBeUndefined();
    expect(config.log).toEqual({ level: 'info', format: 'auto' });
    expect(loadConfig({ name: 'empty', text: '' })).toEqual(config);
    expect(loadConfig({ name: 'empty section', text: '[log]' })).toEqual(config);
  });

  test('takes values from the file, and from --set over those of the file', () => {
    const text = '[log]\nlevel = "debug"\n[hub]\nmaxMacEntries = 1_000\n[softether]\nallowUnencrypted = false\n';
    const config = loadConfig({ name: 'a', text }, ['log.level=warn', 'hub.maxIpEntries=2_000', 'log.level = error']);
    expect(config.log.level).toBe('error');
    expect(config.hub).toMatchObject({ maxMacEntries: 1000, maxIpEntries: 2000 });
    expect(config.softether.allowUnencrypted).toBe(false);
    expect(loadConfig(undefined, ['softether.allowUnencrypted=false'])).toMatchObject({
      softether: { allowUnencrypted: false },
    });
  });

  test('takes listeners as ports and as addresses with ports', () => {
    const text = '[listeners]\naddresses = [443, "992", "192.0.2.1:8443", "[2001:db8::1]:5555", "*:1194"]';
    const expected = [
      { host: undefined, port: 443 },
      { host: undefined, port: 992 },
      { host: '192.0.2.1', port: 8443 },
      { host: '2001:db8::1', port: 5555 },
      { host: undefined, port: 1194 },
    ];
    expect(loadConfig({ name: 'a', text }).listeners.addresses).toEqual(expected);
    const words = ['listeners.addresses=443, 992,192.0.2.1:8443,[2001:db8::1]:5555,*:1194'];
    expect(loadConfig(undefined, words).listeners.addresses).toEqual(expected);
    expect(loadConfig(undefined, ['listeners.addresses=']).listeners.addresses).toEqual([]);
    const asInTheFile = 'listeners.addresses=["443", "992", "192.0.2.1:8443", "[2001:db8::1]:5555", "*:1194"]';
    expect(loadConfig(undefined, [asInTheFile]).listeners.addresses).toEqual(expected);
    expect(loadConfig(undefined, ['listeners.addresses=[443,992]']).listeners.addresses).toEqual(expected.slice(0, 2));
    expect(loadConfig(undefined, ['listeners.addresses=[]']).listeners.addresses).toEqual([]);
  });

  test.each([
    ['[log]\n\nlevle = "info"', 'hubfarm.toml:3: unknown setting log.levle: did you mean log.level?'],
    ['[log]\nlog_level = "info"', 'hubfarm.toml:2: unknown setting log.log_level: did you mean log.level?'],
    [
      '[hub]\nmax_mac_entries = 5',
      'hubfarm.toml:2: unknown setting hub.max_mac_entries: did you mean hub.maxMacEntries?',
    ],
    ['[hub]\nlevel = "info"', 'hubfarm.toml:2: unknown setting hub.level: did you mean log.level?'],
    ['[hubs]\nmaxMacEntrys = 5', 'hubfarm.toml:2: unknown setting hubs.maxMacEntrys: did you mean hub.maxMacEntries?'],
    ['[listener]\nx = 5', 'hubfarm.toml:2: unknown setting listener.x: did you mean the section listeners?'],
    ['[tsl]\n', 'hubfarm.toml:1: unknown section tsl: did you mean the section tls?'],
    ['lgo = 1', 'hubfarm.toml:1: unknown setting lgo: did you mean the section log?'],
    ['level = "info"', 'hubfarm.toml:1: unknown setting level: did you mean log.level?'],
    ['log = "info"', 'hubfarm.toml:1: unknown setting log: write [log] once, and its settings below it'],
    ['[[log]]\nlevel = "info"', 'hubfarm.toml:1: unknown setting log: write [log] once, and its settings below it'],
    ['[server]\ndataDirectory = ""', 'hubfarm.toml:2: server.dataDirectory must be the path of a folder, not ""'],
    ['[log.level]\nx = 1', 'hubfarm.toml:1: log.level must be one of "debug", "info", "warn", "error", not {"x":1}'],
    ['[x]\n__proto__ = 1', 'hubfarm.toml:2: unknown setting x.__proto__: there are the sections server, listeners,'],
    ['[constructor]\nname = 1', 'hubfarm.toml:2: unknown setting constructor.name: did you mean server.name?'],
    ['[log]\nconstructor = 1', 'hubfarm.toml:2: unknown setting log.constructor: [log] has level, format'],
  ])('%j is refused with the nearest right name', (text, problem) => {
    expect(problemsOf(text)[0] ?? '').toContain(problem);
  });

  test.each([
    ['[log]\nlevel = "loud"', 'hubfarm.toml:2: log.level must be one of "debug", "info", "warn", "error", not "loud"'],
    ['[hub]\nmaxMacEntries = 1', 'hubfarm.toml:2: hub.maxMacEntries must be a whole number from 16 to 16777216, not 1'],
    ['[hub]\nmaxMacEntries = 1e99', 'hubfarm.toml:2: hub.maxMacEntries must be a whole number'],
    ['[hub]\nmaxMacEntries = inf', 'not Infinity'],
    ['[hub]\nmaxMacEntries = 77.5', 'not 77.5'],
    ['[hub]\nmaxMacEntries = "99"', 'not "99"'],
    ['[hub]\nmaxMacEntries = 2026-11-22', 'not "2026-11-22'],
    ['[server]\nname = 5', 'server.name must be text'],
    ['[server]\nname = "a\\nb"', 'server.name must be text'],
    ['[cluster]\nname = "root"', 'and not "root", the superuser of the engine, not "root"'],
    ['[softether]\nallowUnencrypted = 1', 'softether.allowUnencrypted must be true or false, not 1'],
    ['[listeners]\naddresses = "443"', 'listeners.addresses must be a list'],
    ['[listeners]\naddresses = [443, "*:443"]', 'different entries'],
    ['[listeners]\naddresses = [0]', 'a TCP port from 1 to 65535'],
    ['[listeners]\naddresses = ["::1:443"]', 'a TCP port from 1 to 65535'],
    ['[listeners]\naddresses = ["[192.0.2.1]:443"]', 'a TCP port from 1 to 65535'],
    ['[listeners]\naddresses = ["example.org:443"]', 'a TCP port from 1 to 65535'],
    ['[softether]\nbanMs = 7200000', 'hubfarm.toml:2: softether.banMs must not exceed maxBanMs, 3600000'],
  ])('%j is refused with its line and what is right', (text, problem) => {
    expect(problemsOf(text)).toHaveLength(1);
    expect(problemsOf(text)[0]).toContain(problem);
  });

  test('lists all problems at once, of the file and of the command line', () => {
    expect(problemsOf('[log]\nlevel = 1\n[hub]\nx = 2', ['log.format=xml', 'nonsense'])).toEqual([
      '--set nonsense: write --set SECTION.KEY=VALUE, for instance --set log.level=debug',
      'hubfarm.toml:2: log.level must be one of "debug", "info", "warn", "error", not 1',
      expect.stringContaining('hubfarm.toml:4: unknown setting hub.x: [hub] has maxMacEntries,') as string,
      '--set log.format=xml: log.format must be one of "auto", "json", "text", not "xml"',
    ]);
  });

  test('that is no TOML is refused with line and column', () => {
    expect(problemsOf('[log]\nlevel = "info\n')).toEqual([
      'hubfarm.toml:2:14: not valid TOML: control characters are not allowed in strings',
    ]);
    expect(problemsOf('#'.repeat(1024 * 1024 + 1))).toEqual([
      'hubfarm.toml: larger than 1048576 bytes: not a configuration file',
    ]);
  });

  test('that is anything at all gives a configuration or its problems, and nothing else', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('[', ']', '=', '"', '\n', 'log', '.', 'level', '#', '{', "'''"));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(problemsOf(words.join('')).every((problem) => problem.startsWith('hubfarm.toml'))).toBe(true);
      }),
    );
  });
});

describe('the example file', () => {
  const file = resolve(import.meta.dirname, '../../../docs/operations/hubfarm.example.toml');

  test('is what the schema says: otherwise run npm run generate', () => {
    expect(readFileSync(file, 'utf8')).toBe(exampleConfig());
  });

  test('says the defaults: with every # removed it changes nothing', () => {
    const text = exampleConfig()
      .replaceAll(/^#(?=\w+ = )/gm, '')
      // Lists whose absence says something else than an empty one.
      .replaceAll(/^\w+ = \[\]$/gm, '');
    expect(text.match(/^\w+ = /gm)?.length).toBeGreaterThan(30);
    expect(loadConfig({ name: 'example', text })).toEqual(loadConfig(undefined));
  });
});

describe('the environment', () => {
  test('gives the administrator password of the first start', () => {
    expect(readEnvironment({ HUBFARM_ADMIN_PASSWORD: 'word' })).toEqual({ adminPassword: 'word' });
    expect(readEnvironment({})).toEqual({ adminPassword: undefined });
  });

  test('is refused when the password is empty or too long, without showing it', () => {
    expect(() => readEnvironment({ HUBFARM_ADMIN_PASSWORD: '' })).toThrow('HUBFARM_ADMIN_PASSWORD is empty');
    const long = 'ä'.repeat(128);
    expect(() => readEnvironment({ HUBFARM_ADMIN_PASSWORD: long })).toThrow(
      /^HUBFARM_ADMIN_PASSWORD is longer than 255 bytes$/,
    );
  });
});
