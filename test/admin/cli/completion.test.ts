import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completeLine } from '../../../src/admin/cli/shell/complete-line.ts';
import { hubfarm } from './fake-machine.ts';

/** What bash would offer behind these words; the last one is being typed. */
async function inBash(...words: string[]): Promise<string[]> {
  const { output } = await hubfarm(['completion', 'bash']);
  const typed = ['hubfarm', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${output}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _hubfarm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

describe('in bash', () => {
  test('nouns, verbs and options are completed', async () => {
    expect(await inBash('us')).toEqual(['user']);
    expect(await inBash('user', '')).toEqual(['add', 'list', 'show', 'set', 'passwd', 'remove', '--help']);
    expect(await inBash('user', 'add', 'alice', '--hub', 'VPN', '--gen')).toEqual(['--generate-password']);
    expect((await inBash('hub', 'list', '--pass')).sort()).toEqual(['--password', '--password-file']);
  });

  test('commands of vpncmd are completed behind /CMD', async () => {
    expect(await inBash('cmd', 'localhost', '/ADM')).toEqual(['/ADMINHUB:']);
    expect(await inBash('cmd', 'localhost', '/ADMINHUB:VPN', '/CMD', 'UserL')).toEqual(['UserList']);
    expect(await inBash('cmd', '/cmd', 'SessionD')).toEqual(['SessionDisconnect']);
  });
});

test.each(['zsh', 'fish'])('%s gets the same places', async (shell) => {
  const { code, output } = await hubfarm(['completion', shell]);
  expect(code).toBe(0);
  for (const place of ["'user add'", "'cmd /CMD'", "'hub'"]) expect(output).toContain(place);
  expect(output).toContain('SessionDisconnect');
  const program = `/usr/bin/${shell}`;
  if (existsSync(program)) execFileSync(program, ['-n', '/dev/stdin'], { input: output });
});

test('another shell is a usage error', async () => {
  expect((await hubfarm(['completion', 'csh'])).code).toBe(2);
});

describe('in the shell of cmd', () => {
  test.each([
    ['userl', ['UserList'], 'userl'],
    ['  userl', ['UserList'], 'userl'],
    ['UserCreate al', [], 'al'],
    ['UserCreate alice /', ['/GROUP:', '/REALNAME:', '/NOTE:'], '/'],
    ['UserPolicySet alice /v', ['/VALUE:'], '/v'],
    ['Nope /', [], '/'],
  ])('%j is completed to %j', (line, candidates, replaces) => {
    const found = completeLine(line);
    expect(found.replaces).toBe(replaces);
    expect(found.candidates).toEqual(candidates);
  });
});
