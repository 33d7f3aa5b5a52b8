import { sha0 } from '#base';
import { usageError } from '../exit-code.ts';
import type { VerbContext } from './verb.ts';

const MAX_PASSWORD_FILE_BYTES = 4096;
const variable = 'HUBFARM_CLUSTER_PASSWORD';

/** SHA-0 of the controller's password: from a file, the environment, or the person. Never from the command line. */
export async function controllerPassword({ runtime, options }: VerbContext, controller: string): Promise<Buffer> {
  const text = await read({ runtime, options }, controller);
  if (text === '') throw usageError('the password is empty: a controller lets nobody join without one');
  return sha0(text);
}

async function read(
  { runtime, options }: Pick<VerbContext, 'runtime' | 'options'>,
  controller: string,
): Promise<string> {
  const file = options.text('passwordFile');
  if (file !== undefined) {
    const content = await runtime.files.read(file, MAX_PASSWORD_FILE_BYTES);
    return content.toString('utf8').replace(/\r?\n$/, '');
  }
  const fromEnvironment = runtime.environment[variable];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!runtime.terminal.isInteractive) {
    throw usageError(`the password of ${controller} is needed: give it with --password-file or ${variable}`);
  }
  const typed = await runtime.terminal.readSecret(`Administrator password of ${controller}: `);
  if (typed === undefined) throw usageError('cancelled');
  return typed;
}
