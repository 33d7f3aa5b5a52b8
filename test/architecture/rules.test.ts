import { describe, expect, test } from 'vitest';
import {
  fileNameOffences,
  importCycles,
  importOffences,
  indexOffences,
  nameOffences,
  unknownModules,
} from './rules.ts';
import { parseSource } from './source-file.ts';

const inFile = (path: string, text: string): string[] => importOffences([parseSource(path, text)]);

describe('the architecture rules find a planted violation:', () => {
  test.each([
    ['a module that must not be known', 'src/hub/a.ts', "import { x } from '#sip';", 'hub must not know sip'],
    ['the same as a type', 'src/io/a.ts', "import type { X } from '#hub';", 'io must not know hub'],
    ['the same as an import type', 'src/io/a.ts', "type X = import('#hub').X;", 'io must not know hub'],
    ['the same as a re-export', 'src/io/a.ts', "export { X } from '#hub';", 'io must not know hub'],
    ['the same as a dynamic import', 'src/io/a.ts', "await import('#hub');", 'io must not know hub'],
    ['a file behind the front door', 'src/hub/a.ts', "import { x } from '#io/clock';", 'no such module'],
    ['a relative path into another module', 'src/hub/a.ts', "import '../io/clock.ts';", 'leaves the module hub'],
    ['the own front door', 'src/hub/a.ts', "import '#hub';", 'inside a module imports are relative'],
    ['the own index.ts', 'src/hub/frame/a.ts', "import '../index.ts';", "a module's own index.ts"],
    ['an import without ending', 'src/hub/a.ts', "import './b';", 'end in .ts'],
    ['a socket in domain code', 'src/hub/a.ts', "import net from 'node:net';", 'only under src/io/node'],
    ['files in domain code', 'src/hub/a.ts', "import fs from 'node:fs/promises';", 'only under src/io/node'],
    ['a package in the wrong place', 'src/hub/a.ts', "import koffi from 'koffi';", 'only under src/io/node'],
    ['a package that nobody allowed', 'src/hub/a.ts', "import x from 'left-pad';", 'not in the import table'],
    ['the real world in domain code', 'src/hub/a.ts', "import { x } from '#io/node';", 'only for src/app'],
    ['the simulated world in the product', 'src/app/a.ts', "import { x } from '#io/sim';", 'only for tests'],
    ['a clock in a codec', 'src/softether/codec/a.ts', "import type { Clock } from '#io';", 'codecs import only'],
    ["a codec's neighbour folder", 'src/softether/codec/a.ts', "import '../handshake/a.ts';", 'codecs import only'],
    ['a side door into src from bin', 'bin/a.ts', "import '../src/app/start.ts';", 'front door #app'],
  ])('%s', (_what, path, text, why) => {
    expect(inFile(path, `\n${text}`).join()).toContain(`${path}:2 `);
    expect(inFile(path, text).join()).toContain(why);
  });

  test.each([
    ['setTimeout(run, 5);', 'setTimeout'],
    ['globalThis.setInterval(run, 5);', 'setInterval'],
    ['const t = Date.now();', 'Date.now'],
    ['const r = Math.random();', 'Math.random'],
    ['if (bad) process.exit(1);', 'process.exit'],
  ])('%s', (text, name) => {
    expect(nameOffences([parseSource('src/hub/a.ts', text)]).join()).toContain(`src/hub/a.ts:1 ${name}:`);
  });

  test('an index.ts with code of its own, or too long', () => {
    const code = parseSource('src/hub/index.ts', "export { a } from './a.ts';\nexport const b = 1;\n");
    expect(indexOffences([code]).join()).toContain('only re-exports belong here, not: export const b');
    const long = parseSource('src/hub/index.ts', "export { a } from './a.ts';\n".repeat(41));
    expect(indexOffences([long]).join()).toContain('at most 40');
  });

  test('file names that say nothing or shout', () => {
    expect(fileNameOffences(['src/hub/mac-utils.ts', 'src/hub/MacTable.ts', 'src/hub/mac-table.ts'])).toEqual([
      'src/hub/mac-utils.ts: "utils" names no job',
      'src/hub/MacTable.ts: not kebab-case',
    ]);
  });

  test('a module that is not in the table', () => {
    expect(unknownModules([parseSource('src/extras/a.ts', '')])).toEqual(['src/extras: not in the import table']);
  });

  test('files that import each other, also through types and front doors', () => {
    const files = [
      parseSource('src/hub/a.ts', "import type { B } from './b.ts';"),
      parseSource('src/hub/b.ts', "import { c } from '#io';"),
      parseSource('src/io/index.ts', "export { c } from './c.ts';"),
      parseSource('src/io/c.ts', "import '../hub/a.ts';"),
      parseSource('src/io/d.ts', "import './c.ts';"),
    ];
    expect(importCycles(files)).toEqual([['src/hub/a.ts', 'src/hub/b.ts', 'src/io/c.ts', 'src/io/index.ts']]);
  });
});

test('the architecture rules leave honest code alone', () => {
  const honest = [
    parseSource('src/hub/a.ts', "import { x } from '#io';\nimport { b } from './b.ts';\nclock.setTimeout(x);"),
    parseSource('src/hub/c.ts', "// import '#sip'\nconst text = \"import 'node:net'\";\nconst setTimeoutMs = 5;"),
    parseSource('src/softether/codec/a.ts', "import { ByteReader } from '#base';\nimport './b.ts';\n"),
    parseSource('src/io/node/a.ts', "import net from 'node:net';\nsetTimeout(run, 5);\n"),
    parseSource('bin/hubfarm.ts', "import { start } from '#app';\nimport { createServer } from 'node:net';\n"),
  ];
  expect([...importOffences(honest), ...nameOffences(honest), ...importCycles(honest)]).toEqual([]);
});
