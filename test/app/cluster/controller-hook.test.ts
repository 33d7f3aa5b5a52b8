import { expect, test } from 'vitest';
import { silentLogger } from '#base';
import type { CommandResult, Commands } from '#io';
import { ControllerHook } from '../../../src/app/cluster/controller-hook.ts';

function rig() {
  const words: string[] = [];
  const answers: PromiseWithResolvers<CommandResult>[] = [];
  const commands: Commands = {
    run: (program, args) => {
      words.push(`${program} ${args.join(' ')}`);
      const answer = Promise.withResolvers<CommandResult>();
      answers.push(answer);
      return answer.promise;
    },
  };
  let changed: () => void = () => undefined;
  const election = {
    leads: false,
    isController: () => election.leads,
    onChange: (listener: (controller: undefined) => void) => {
      changed = () => listener(undefined);
      return (): void => {
        changed = () => undefined;
      };
    },
  };
  const hook = new ControllerHook({ program: 'hook', controllership: election, commands, logger: silentLogger });
  const become = (leads: boolean): void => {
    election.leads = leads;
    changed();
  };
  const end = async (exitCode = 0): Promise<void> => {
    answers.at(-1)?.resolve({ exitCode, stdout: '', stderr: '' });
    await new Promise(setImmediate);
  };
  return { hook, words, answers, become, end };
}

test('the hook is told when the server becomes the controller, and when it is it no more', async () => {
  const { words, become, end } = rig();
  expect(words).toEqual([]);
  become(true);
  become(true);
  await end();
  become(false);
  await end(1);
  expect(words).toEqual(['hook controller', 'hook member']);
});

test('one run at a time; what came and went meanwhile is not told', async () => {
  const { words, become, end } = rig();
  become(true);
  become(false);
  become(true);
  expect(words).toEqual(['hook controller']);
  await end();
  expect(words).toEqual(['hook controller']);
  become(false);
  become(true);
  become(false);
  await end();
  expect(words).toEqual(['hook controller', 'hook member']);
});

test('a server that stops gives up what the hook took for it, and a hook that cannot be run is no harm', async () => {
  const { hook, words, answers, become } = rig();
  become(true);
  answers[0]?.reject(new Error('no such program'));
  await new Promise(setImmediate);
  const stopped = hook.stop();
  answers[1]?.resolve({ exitCode: 0, stdout: '', stderr: '' });
  await stopped;
  become(true);
  expect(words).toEqual(['hook controller', 'hook member']);
});
