import { usageError } from '../exit-code.ts';
import { Arguments, type Command, type Parameter } from '../commands/command.ts';
import { matchingNames } from './abbreviation.ts';
import { valueOf, type SlashWords } from './slash-words.ts';

/** Asks a person for values. */
export interface Asker {
  /** The answer, or undefined when the person gives up (Ctrl+D). */
  ask(prompt: string): Promise<string | undefined>;
  /** Unseen, and twice until both are the same. */
  askNewSecret(): Promise<string | undefined>;
  say(text: string): void;
}

interface Typed {
  /** By the parameter's full name. */
  readonly values: ReadonlyMap<string, string>;
  /** Words that no parameter took. */
  readonly ignored: readonly string[];
}

const isUnnamed = ({ name }: Parameter): boolean => name.startsWith('[');

function nameIn(command: Command, typed: string): string {
  const candidates = matchingNames(
    typed,
    command.parameters.filter((parameter) => !isUnnamed(parameter)).map(({ name }) => name),
  );
  const [only, ...more] = candidates;
  if (only === undefined) {
    const known = command.parameters.filter((parameter) => !isUnnamed(parameter)).map(({ name }) => `/${name}`);
    const advice = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
    throw usageError(`${command.name} has no parameter /${typed}: ${advice} (${command.name} /? shows more)`);
  }
  if (more.length > 0) {
    throw usageError(`/${typed} of ${command.name} may mean ${candidates.map((name) => `/${name}`).join(' or ')}`);
  }
  return only;
}

/**
 * Which parameters were typed. Of one given twice the first counts; of words without a name the first is used. A path
 * such as `/tmp/x.pem` where a file name is wanted is taken as one: vpncmd wants `//tmp/x.pem`, which works too.
 */
export function typedValues(command: Command, { named, unnamed }: SlashWords): Typed {
  const values = new Map<string, string>();
  const words = [...unnamed];
  const first = command.parameters.find(isUnnamed);
  for (const { name, value } of named) {
    if (first !== undefined && words.length === 0 && name.includes('/')) {
      words.push(`/${name}${value === '' ? '' : `:${value}`}`);
      continue;
    }
    const known = nameIn(command, name);
    if (!values.has(known)) values.set(known, value);
  }
  const [word, ...ignored] = words;
  if (first === undefined) return { values, ignored: words };
  if (word !== undefined) values.set(first.name, word);
  return { values, ignored };
}

const shown = ({ name }: Parameter): string => (name.startsWith('[') ? name : `/${name}:value`);

/** What the person is asked for, in the words of the parameter. */
async function askFor(parameter: Parameter, asker: Asker): Promise<string> {
  const isSecret = parameter.isSecret === true;
  const answer = isSecret ? await asker.askNewSecret() : await asker.ask(parameter.prompt ?? '');
  if (answer === undefined) throw usageError('cancelled');
  return isSecret ? answer : valueOf(answer.trim());
}

/**
 * The command's arguments: those typed, and those that a person is asked for. Without an `asker`, what is missing or
 * wrong is a usage error.
 */
export async function resolveParameters(
  command: Command,
  typed: ReadonlyMap<string, string>,
  asker: Asker | undefined,
): Promise<Arguments> {
  const values = new Map<string, string>();
  for (const parameter of command.parameters) {
    let value = typed.get(parameter.name);
    if (value === undefined && parameter.prompt !== undefined) {
      if (asker === undefined) throw missing(command, parameter);
      value = await askFor(parameter, asker);
    }
    if (value === undefined) continue;
    for (;;) {
      const problem = parameter.check?.(value);
      if (problem === undefined) break;
      if (asker === undefined || parameter.prompt === undefined) {
        throw usageError(`${command.name} ${shown(parameter)}: ${problem}`);
      }
      asker.say(problem);
      value = await askFor(parameter, asker);
    }
    values.set(parameter.name, value);
  }
  return new Arguments(values);
}

const missing = (command: Command, parameter: Parameter): Error =>
  usageError(`${command.name} needs ${shown(parameter)}: ${parameter.help} ("none" gives an empty value)`);
