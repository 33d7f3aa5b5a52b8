import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Runs a program to its end; throws with what it said when it fails. */
export function run(
  program: string,
  args: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const options = { cwd: folder, encoding: 'utf8', timeout: 120_000, env } as const;
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Builds and packs the package as `npm publish` would. Returns the tarball's path. */
export function pack(folder: string): string {
  run('npm', ['run', '--silent', 'build'], root);
  const said = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
  return join(folder, said.trim());
}

/** Unpacks the package into `folder`/node_modules, beside the dependencies that the checkout has. */
export function unpackBesideDependencies(tarball: string, folder: string): string {
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'hubfarm');
  mkdirSync(own, { recursive: true });
  run('tar', ['xzf', tarball, '-C', own, '--strip-components=1'], folder);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return own;
}
