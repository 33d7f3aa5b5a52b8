import { readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';

const root = resolve(import.meta.dirname, '../..');

/** The commands of the first shell block below a heading of the README, without their comments. */
function commandsBelow(heading: string): string[] {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const block = /```sh\n([^]*?)```/.exec(text.slice(text.indexOf(`## ${heading}\n`)))?.[1] ?? '';
  const lines = block.split('\n').map((line) => line.replace(/ +#.*$/, '').trim());
  return lines.filter((line) => line !== '');
}

if (requirePeers(['ip'])) {
  describe('what the README promises', () => {
    const network = useNetwork();

    test('a first hub takes five commands', async () => {
      const host = network().host('reader');
      // The checkout, in a folder of the test's own, so that ./hubfarm-data is not the developer's.
      const parts = ['package.json', 'package-lock.json', 'bin', 'scripts', 'src', 'node_modules'];
      for (const part of parts) symlinkSync(join(root, part), join(host.folder, part));
      const shell = (line: string): [string, string[]] => ['sh', ['-c', `cd '${host.folder}' && exec ${line}`]];
      const env = { npm_config_cache: join(host.folder, 'npm') };

      const [start = '', ...others] = commandsBelow('A first hub in five commands');
      expect([start, ...others]).toHaveLength(5);
      const server = host.start(...shell(start), env);
      const [, password] = await server.says(/administrator password .*: (\S+)/);
      expect(password).toMatch(/^\w{12,}$/);
      await server.says(/server is up/);

      let said = '';
      for (const line of others) said = await host.mustRun(...shell(line), { env });
      expect(said).toContain('Session Name');
      await server.stop();
    });

    test('a first SIP call takes five commands', async () => {
      const host = network().host('caller');
      const parts = ['package.json', 'package-lock.json', 'bin', 'scripts', 'src', 'node_modules'];
      for (const part of parts) symlinkSync(join(root, part), join(host.folder, part));
      const shell = (line: string): [string, string[]] => ['sh', ['-c', `cd '${host.folder}' && exec ${line}`]];
      const env = { npm_config_cache: join(host.folder, 'npm') };

      const [start = '', ...others] = commandsBelow('A first SIP call in five commands');
      expect([start, ...others]).toHaveLength(5);
      const server = host.start(...shell(start), env);
      await server.says(/SIP on udp, tcp 5060/);
      await server.says(/server is up/);
      const said: string[] = [];
      for (const line of others) said.push(await host.mustRun(...shell(line), { env }));
      expect(said[0]).toMatch(/password of anna@example\.org is \S+/);
      expect(said[1]).toContain('account ben@example.org added');
      expect(said[2]).toMatch(/Accounts +\|2/);
      expect(said[3]).toContain('Contact');
      await server.stop();
    });
  });
}
