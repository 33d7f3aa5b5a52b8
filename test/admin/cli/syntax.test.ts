import { describe, expect, test } from 'vitest';
import { matchingNames } from '../../../src/admin/cli/syntax/abbreviation.ts';
import { findCommand } from '../../../src/admin/cli/syntax/find-command.ts';
import { asksForHelp, sortWords } from '../../../src/admin/cli/syntax/slash-words.ts';

describe('abbreviations', () => {
  const names = ['HubCreate', 'HubCreateStatic', 'HubList', 'Hub', 'AccountConnect', 'AccountCreate', 'PASSWORD'];

  test.each([
    ['hub', ['Hub']],
    ['HUBLIST', ['HubList']],
    ['hubl', ['HubList']],
    ['hubcreate', ['HubCreate']],
    ['hubc', ['HubCreate', 'HubCreateStatic']],
    ['hcs', ['HubCreateStatic']],
    ['hl', ['HubList']],
    ['ac', ['AccountConnect', 'AccountCreate']],
    ['aconnect', ['AccountConnect']],
    ['acconnect', ['AccountConnect']],
    ['p', ['PASSWORD']],
    ['nope', []],
  ])('%s means %j', (typed, expected) => {
    expect(matchingNames(typed, names)).toEqual(expected);
  });
});

describe('finding a command', () => {
  test('takes beginnings and initials in any case', () => {
    expect(findCommand('userl').name).toBe('UserList');
    expect(findCommand('SL').name).toBe('SessionList');
    expect(findCommand('Hub').name).toBe('Hub');
  });

  test('says which commands an ambiguous name may mean, those of vpncmd that are missing here included', () => {
    expect(() => findCommand('cascadeset')).toThrow('CascadeSet: not available in this version of hubfarm');
    expect(() => findCommand('usera')).not.toThrow();
    expect(() => findCommand('hubs')).toThrow(/ambiguous[^]*HubSetDynamic[^]*HubSetStatic/);
    expect(() => findCommand('Nope')).toThrow('"Nope": Command not found.');
  });
});

describe('slash words', () => {
  test('names and values are split at the first colon, or at an equals sign where there is none', () => {
    const { named, unnamed } = sortWords(['alice', '/GROUP:g', '-NOTE=x', '/REALNAME:a:b', '/TAP', '/X=1:2']);
    expect(unnamed).toEqual(['alice']);
    expect(named).toEqual([
      { name: 'GROUP', value: 'g' },
      { name: 'NOTE', value: 'x' },
      { name: 'REALNAME', value: 'a:b' },
      { name: 'TAP', value: '' },
      { name: 'X=1', value: '2' },
    ]);
  });

  test('none and null are empty values', () => {
    expect(sortWords(['/GROUP:none', '/NOTE:NULL', 'None'])).toEqual({
      named: [
        { name: 'GROUP', value: '' },
        { name: 'NOTE', value: '' },
      ],
      unnamed: [''],
    });
  });

  test('a doubled slash or hyphen is a plain one', () => {
    expect(sortWords(['//tmp/x', '--y']).unnamed).toEqual(['/tmp/x', '-y']);
  });

  test.each([['?'], ['/?'], ['/HELP'], ['--help'], ['-?']])('%s asks for help', (word) => {
    expect(asksForHelp(sortWords([word]))).toBe(true);
  });

  test('other words do not', () => {
    expect(asksForHelp(sortWords(['alice', '/NOTE:?']))).toBe(false);
  });
});
