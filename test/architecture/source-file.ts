import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Reference {
  readonly line: number;
  readonly name: string;
}

/** What the architecture test knows of one file. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Module specifiers: import, export … from, import(), import types, require. */
  readonly imports: readonly Reference[];
  /** Identifiers with the name before their dot, if there is one: `setTimeout`, `Date.now`. */
  readonly names: readonly Reference[];
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

function namesOf(source: ts.SourceFile, starts: readonly number[]): Reference[] {
  const found: Reference[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const isGlobal = node.expression.text === 'globalThis';
      const name = isGlobal ? node.name.text : `${node.expression.text}.${node.name.text}`;
      found.push({ line: lineOf(starts, node.getStart(source)), name });
    } else if (ts.isIdentifier(node) && ts.isCallExpression(node.parent) && node.parent.expression === node) {
      found.push({ line: lineOf(starts, node.getStart(source)), name: node.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

export function parseSource(path: string, text: string): SourceFile {
  const starts = lineStarts(text);
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true);
  return {
    path,
    lines: text.split('\n'),
    imports: importedFiles.map(({ fileName, pos }) => ({ line: lineOf(starts, pos), name: fileName })),
    names: namesOf(source, starts),
  };
}

/** Every file under `folders` of `root` whose name ends in one of `endings`, sorted. */
export function listFiles(root: string, folders: readonly string[], endings: readonly string[]): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(path);
    }
  };
  folders.forEach(walk);
  return found.sort();
}

export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return listFiles(root, folders, ['.ts']).map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}
