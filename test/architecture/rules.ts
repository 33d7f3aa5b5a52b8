import { posix } from 'node:path';
import * as table from './import-table.ts';
import type { Reference, SourceFile } from './source-file.ts';

const isUnder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
const isUnderAny = (path: string, folders: readonly string[]): boolean => folders.some((f) => isUnder(path, f));

const moduleOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
const isCodec = (path: string): boolean =>
  path.startsWith('src/') &&
  path
    .split('/')
    .slice(1, -1)
    .some((folder) => table.codecFolders.includes(folder));

/** The value of the longest folder of `byFolder` that holds `path`. */
function longest<T>(byFolder: Readonly<Record<string, T>>, path: string): T | undefined {
  const fitting = Object.entries(byFolder).filter(([folder]) => isUnder(path, folder));
  return fitting.sort(([a], [b]) => b.length - a.length)[0]?.[1];
}

/** A rule answers with the reason why `specifier` must not stand in the file at `path`. */
type ImportRule = (path: string, specifier: string) => string | undefined;

const relativeStaysInside: ImportRule = (path, specifier) => {
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(path), specifier);
  const own = moduleOf(path);
  if (!/\.(ts|json)$/.test(specifier)) return 'relative imports end in .ts';
  if (own === undefined) {
    return target.startsWith('src/') ? `use the front door #${moduleOf(target) ?? ''}` : undefined;
  }
  if (!isUnder(target, `src/${own}`)) return `leaves the module ${own}: use the front door #module`;
  if (target === `src/${own}/index.ts`) return "a module's own index.ts is for others";
  return undefined;
};

const doorIsAllowed: ImportRule = (path, specifier) => {
  if (!specifier.startsWith('#')) return undefined;
  const door = specifier.slice(1);
  const own = moduleOf(path);
  const restricted = table.restrictedDoors[specifier];
  if (restricted !== undefined) {
    return isUnderAny(path, restricted) ? undefined : `only for ${restricted.join(', ') || 'tests'}`;
  }
  if (!(door in table.modules)) return 'no such module';
  if (own === undefined) return undefined;
  if (own === door) return 'inside a module imports are relative';
  return table.modules[own]?.includes(door) === true ? undefined : `${own} must not know ${door}`;
};

const builtinIsAllowed: ImportRule = (path, specifier) => {
  if (specifier.startsWith('.') || specifier.startsWith('#')) return undefined;
  const name = specifier.startsWith('node:') ? specifier.split('/', 1)[0]! : packageOf(specifier);
  const folders = table.restrictedImports[name];
  if (folders !== undefined) return isUnderAny(path, folders) ? undefined : `only under ${folders.join(', ')}`;
  if (table.freeBuiltins.includes(name)) return undefined;
  return isUnder(path, 'bin') && name.startsWith('node:') ? undefined : 'not in the import table';
};

const codecIsPure: ImportRule = (path, specifier) => {
  if (!isCodec(path)) return undefined;
  const builtins = longest(table.codecBuiltins, path) ?? [];
  if (specifier === '#base' || builtins.includes(specifier)) return undefined;
  return /^\.\/[^/]+$/.test(specifier) ? undefined : `codecs import only #base, ${builtins.join(', ')} and siblings`;
};

const importRules = [relativeStaysInside, doorIsAllowed, builtinIsAllowed, codecIsPure];

const offence = (file: SourceFile, { line, name }: Reference, why: string): string =>
  `${file.path}:${line} ${name}: ${why}\n    ${(file.lines[line - 1] ?? '').trim()}`;

export function importOffences(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    file.imports.flatMap((reference) =>
      importRules
        .map((rule) => rule(file.path, reference.name))
        .filter((why) => why !== undefined)
        .map((why) => offence(file, reference, why)),
    ),
  );
}

export function nameOffences(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    file.names.flatMap((reference) => {
      const folders = Object.hasOwn(table.restrictedNames, reference.name)
        ? table.restrictedNames[reference.name]
        : undefined;
      if (folders === undefined || isUnderAny(file.path, folders)) return [];
      return [offence(file, reference, `only under ${folders.join(', ') || 'no folder'}`)];
    }),
  );
}

export function indexOffences(files: readonly SourceFile[]): string[] {
  const indexes = files.filter(({ path }) => /^src\/[^/]+\/((node|sim)\/)?index\.ts$/.test(path));
  return indexes.flatMap(({ path, lines }) => {
    const code = lines.join('\n').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const rest = code.replace(/export\s+(type\s+)?(\{[^}]*\}|\*(\s+as\s+\w+)?)\s+from\s+'[^']+';/g, '').trim();
    const found: string[] = [];
    if (lines.length > table.maxIndexLines)
      found.push(`${path}: ${lines.length} lines, at most ${table.maxIndexLines}`);
    if (rest !== '') found.push(`${path}: only re-exports belong here, not: ${rest.split('\n', 1)[0]!}`);
    return found;
  });
}

export function fileNameOffences(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const words = posix.basename(path).split(/[.-]/);
    const empty = words.find((word) => table.emptyWords.includes(word));
    if (empty !== undefined) return [`${path}: "${empty}" names no job`];
    return /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/.test(posix.basename(path)) ? [] : [`${path}: not kebab-case`];
  });
}

export function unknownModules(files: readonly SourceFile[]): string[] {
  const found = new Set(files.map(({ path }) => moduleOf(path)).filter((name) => name !== undefined));
  return [...found].filter((name) => !(name in table.modules)).map((name) => `src/${name}: not in the import table`);
}

function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}/index.ts`;
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
}

/** Groups of files that import each other, types included (Tarjan's strongly connected components). */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.map(({ name }) => targetOf(path, name)).filter((t) => t !== undefined),
    ]),
  );
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    low.set(path, order.get(path)!);
    stack.push(path);
    for (const target of edges.get(path) ?? []) {
      if (!edges.has(target)) continue;
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) low.set(path, Math.min(low.get(path)!, low.get(target)!));
    }
    if (low.get(path) !== order.get(path)) return;
    const component = stack.splice(stack.indexOf(path));
    if (component.length > 1 || (edges.get(path) ?? []).includes(path)) cycles.push(component.sort());
  };
  for (const path of edges.keys()) if (!order.has(path)) visit(path);
  return cycles;
}
