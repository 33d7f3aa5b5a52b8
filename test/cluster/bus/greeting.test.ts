import { describe, expect, test } from 'vitest';
import type { MemberBoot } from '#cluster';
import type { Carrier } from '../../../src/cluster/bus/carrier.ts';
import type { HelloFrame } from '../../../src/cluster/bus/codec/frame.ts';
import { judgeHello, OLDEST_VERSION, VERSION, type Greeting } from '../../../src/cluster/bus/greeting.ts';

const self: MemberBoot = { member: 'a/0', boot: 'boot-a' };

function greeting(proven: Carrier['proven'] = { server: 'b' }, expected?: Greeting['expected']): Greeting {
  const nothing = (): void => undefined;
  const carrier = {
    proven,
    remote: '10.0.0.2',
    isLasting: false,
    write: nothing,
    receive: nothing,
    close: nothing,
    destroy: nothing,
  };
  return { self, cluster: 'farm', carrier, expected };
}

const hello = (change: Partial<HelloFrame> = {}): HelloFrame => ({
  kind: 'hello',
  version: VERSION,
  oldestVersion: OLDEST_VERSION,
  cluster: 'farm',
  member: 'b/0',
  boot: 'boot-b',
  called: 'a/0',
  ...change,
});

const reasonOf = (change: Partial<HelloFrame>, to = greeting()): string => {
  const judged = judgeHello(hello(change), to);
  return judged.kind === 'refuse' ? judged.reason : 'welcome';
};

describe('a hello', () => {
  test('of any member of the server in the certificate is welcome', () => {
    expect(judgeHello(hello(), greeting())).toEqual({ kind: 'welcome', other: { member: 'b/0', boot: 'boot-b' } });
    expect(reasonOf({ member: 'b/17' })).toBe('welcome');
  });

  test('of a later version that still speaks ours is welcome, one that does not is refused with the versions', () => {
    expect(reasonOf({ version: VERSION + 5 })).toBe('welcome');
    expect(reasonOf({ version: OLDEST_VERSION - 1, oldestVersion: 0 })).toBe('version');
    const judged = judgeHello(hello({ version: 9, oldestVersion: 7 }), greeting());
    expect(judged).toMatchObject({ reason: 'version', text: expect.stringContaining('7 to 9') as string });
  });

  test.each([
    ['another cluster', { cluster: 'other' }, 'cluster'],
    ['another server than in its certificate', { member: 'c/0' }, 'identity'],
    ['what is no member', { member: 'b' }, 'identity'],
    ['a boot with blanks', { boot: 'x y' }, 'identity'],
    ['no boot', { boot: '' }, 'identity'],
    ['a call for somebody else', { called: 'a/1' }, 'member'],
  ])('from %s is refused', (_name, change, reason) => {
    expect(reasonOf(change)).toBe(reason);
  });

  test('from another member than was dialled is refused', () => {
    expect(reasonOf({ called: '' }, greeting({ server: 'b' }, 'b/1'))).toBe('member');
  });

  test('from another thread than the channel leads to is refused', () => {
    expect(reasonOf({ member: 'b/1' }, greeting({ member: 'b/0' }))).toBe('identity');
    expect(reasonOf({}, greeting({ member: 'b/0' }))).toBe('welcome');
  });

  test('from this member itself, or a second one of its name, is refused', () => {
    expect(reasonOf({ member: 'a/0', boot: 'boot-a' }, greeting({ server: 'a' }))).toBe('member');
    const judged = judgeHello(hello({ member: 'a/0', boot: 'other' }), greeting({ server: 'a' }));
    expect(judged).toMatchObject({ text: 'there is another a/0' });
  });
});
