import type { Random } from '#io';
import { usageError } from '../exit-code.ts';
import type { CliRuntime } from '../runtime.ts';
import type { OptionValues, VerbOption } from './verb.ts';

/** Without letters and digits that look alike. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 57 ** 20 is more than 2 ** 116. */
const GENERATED_LENGTH = 20;
const MAX_PASSWORD_FILE_BYTES = 4096;

export const passwordOptions: readonly VerbOption[] = [
  { flags: '--password <text>', about: 'the new password (visible to others in ps)' },
  { flags: '--password-file <file>', about: 'read the new password from a file' },
  { flags: '--generate-password', about: 'make one up and show it' },
];

export interface NewPassword {
  readonly text: string;
  /** Made up here: it must be shown, nobody else knows it. */
  readonly isGenerated: boolean;
}

function generate(random: Random): NewPassword {
  const letters = Array.from({ length: GENERATED_LENGTH }, () => ALPHABET.charAt(random.below(ALPHABET.length)));
  return { text: letters.join(''), isGenerated: true };
}

/** What the options say, if they say anything. */
export async function givenPassword(runtime: CliRuntime, options: OptionValues): Promise<NewPassword | undefined> {
  if (options.isSet('generatePassword')) return generate(runtime.random);
  const text = options.text('password');
  if (text !== undefined) return { text, isGenerated: false };
  const file = options.text('passwordFile');
  if (file === undefined) return undefined;
  const content = (await runtime.files.read(file, MAX_PASSWORD_FILE_BYTES)).toString('utf8').replace(/\r?\n$/, '');
  if (content === '') throw usageError(`${file} is empty`);
  return { text: content, isGenerated: false };
}

/** From the options, else from the person, else (and where the person types nothing) made up. */
export async function chooseNewPassword(
  runtime: CliRuntime,
  options: OptionValues,
  whose: string,
): Promise<NewPassword> {
  const given = await givenPassword(runtime, options);
  if (given !== undefined) return given;
  const { terminal, random } = runtime;
  if (!terminal.isInteractive) return generate(random);
  for (;;) {
    const first = await terminal.readSecret(`New password of ${whose} (nothing = make one up): `);
    if (first === undefined) throw usageError('cancelled');
    if (first === '') return generate(random);
    const second = await terminal.readSecret('The same again: ');
    if (second === undefined) throw usageError('cancelled');
    if (first === second) return { text: first, isGenerated: false };
    terminal.writeError('The two are not the same.\n');
  }
}

export const generatedLine = (whose: string, password: NewPassword): string[] =>
  password.isGenerated ? [`The password of ${whose} is ${password.text} (it is not shown again).`] : [];
