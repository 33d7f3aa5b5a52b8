import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { argv, exit } from 'node:process';

function packageVersion(): string {
  const file = findPackageJSON('..', import.meta.url);
  if (file === undefined) throw new Error('package.json is missing: this installation is incomplete');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

if (argv.includes('--version')) {
  console.log(packageVersion());
} else {
  console.error('hubfarm: nothing but --version yet');
  exit(2);
}
