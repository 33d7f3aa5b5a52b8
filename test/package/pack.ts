import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const root = resolve(import.meta.dirname, '../..');

/** Runs a program to its end, and says what it printed; rejects with that when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const options = { cwd: folder, env, timeout: 150_000, maxBuffer: 16 * 1024 * 1024 };
  try {
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (error) {
    const { message, stdout } = error as Error & { readonly stdout?: string };
    throw new Error(`${message}\n${stdout ?? ''}`, { cause: error });
  }
}

/** Builds and packs the package as `npm publish` would. Returns the tarball's path. */
export async function pack(folder: string): Promise<string> {
  await run('npm', ['run', '--silent', 'build'], root);
  const said = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
  return join(folder, said.trim());
}

/** Unpacks the package into `folder`/node_modules, beside the dependencies that the checkout has. */
export async function unpackBesideDependencies(tarball: string, folder: string): Promise<string> {
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'hubfarm');
  mkdirSync(own, { recursive: true });
  await run('tar', ['xzf', tarball, '-C', own, '--strip-components=1'], folder);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return own;
}
