import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultClusterSessionLimits } from '#softether';

it('the limits in the README are those of the code, all of them', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../src/softether/cluster/README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(defaultClusterSessionLimits).map(([name, value]) => [name, String(value)])),
  );
});
