import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modules } from './architecture/import-table.ts';
import {
  fileNameOffences,
  importCycles,
  importOffences,
  indexOffences,
  nameOffences,
  unknownModules,
} from './architecture/rules.ts';
import { listFiles, readSources } from './architecture/source-file.ts';

const root = resolve(import.meta.dirname, '..');
const sources = readSources(root, ['src', 'bin']);
const writtenFolders = ['src', 'bin', 'test', 'scripts', 'bench', 'docs', '.ci', 'packaging'].filter((folder) =>
  existsSync(join(root, folder)),
);
const rootFiles = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'package.json', '.npmrc'];

describe('the tree', () => {
  test('is not empty, so the tests below look at something', () => {
    expect(sources.length).toBeGreaterThan(10);
  });

  test('keeps to the import table', () => {
    expect(importOffences(sources)).toEqual([]);
  });

  test('leaves the clock, chance and the process to io/node and bin', () => {
    expect(nameOffences(sources)).toEqual([]);
  });

  test('has no import cycle, types included', () => {
    expect(importCycles(sources).map((files) => `these import each other: ${files.join(' ')}`)).toEqual([]);
  });

  test('has front doors that only re-export', () => {
    expect(indexOffences(sources)).toEqual([]);
  });

  test('has only modules of the table, each with a line in ARCHITECTURE.md', () => {
    expect(unknownModules(sources)).toEqual([]);
    const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const built = Object.keys(modules).filter((name) => existsSync(join(root, 'src', name)));
    expect(built.filter((name) => !architecture.includes(`src/${name}`))).toEqual([]);
  });

  test('has file names in kebab-case that name a job', () => {
    expect(fileNameOffences(listFiles(root, ['src', 'bin', 'test', 'scripts', 'bench'], ['.ts', '.cjs']))).toEqual([]);
  });

  test("names no machine's own folders", () => {
    const machine = /(?<![\w.$}~/-])\/(?:home|root|work|Users)\/[\w.-]/;
    const files = [
      ...rootFiles,
      ...listFiles(root, writtenFolders, ['.ts', '.cjs', '.md', '.json', '.toml', '.sh', 'run']),
    ];
    const found = files.flatMap((path) => {
      if (!existsSync(join(root, path))) return [];
      const lines = readFileSync(join(root, path), 'utf8').split('\n');
      return lines.flatMap((text, at) =>
        machine.test(text) ? [`${path}:${at + 1} ${text.trim().slice(0, 120)}`] : [],
      );
    });
    expect(found).toEqual([]);
  });

  test('has documents whose links lead somewhere', () => {
    const documents = [...rootFiles, ...listFiles(root, writtenFolders, ['.md'])].filter((path) =>
      path.endsWith('.md'),
    );
    const broken = documents.flatMap((path) => {
      const prose = readFileSync(join(root, path), 'utf8').replaceAll(/```[^]*?```|`[^`]*`/g, '');
      const links = [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)];
      const targets = links.map(([, target = '']) => target);
      return targets.filter((target) => !existsSync(join(root, dirname(path), target))).map((to) => `${path}: ${to}`);
    });
    expect(broken).toEqual([]);
  });

  test('locks packages without naming where this machine fetched them', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    const hosts = [...lock.matchAll(/"resolved": "https?:\/\/([^/"]+)/g)].map((match) => match[1]);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
    expect(lock, 'run npm prune --package-lock-only').not.toContain('"extraneous"');
  });

  test('pins every dependency exactly', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
    const versions = kinds.flatMap((kind) => Object.entries((manifest[kind] ?? {}) as Record<string, string>));
    expect(versions.filter(([, version]) => !/^(npm:.*@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

test('the tests run on Node 24 or newer: an older one would quietly test something else', () => {
  expect(Number.parseInt(process.versions.node, 10)).toBeGreaterThanOrEqual(24);
});
