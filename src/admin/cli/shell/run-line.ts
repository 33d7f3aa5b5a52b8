import type { Command, CommandContext, Outcome } from '../commands/command.ts';
import { outcomeToJson } from '../commands/command.ts';
import { CliError, ExitCode, RefusedError, usageError } from '../exit-code.ts';
import { formatJson, type Json } from '../json-document.ts';
import type { OutputFormat } from '../output/format-kind.ts';
import { csvLines, drawTable } from '../output/render.ts';
import { findCommand } from '../syntax/find-command.ts';
import { resolveParameters, typedValues, type Asker } from '../syntax/resolve-parameters.ts';
import { asksForHelp, sortWords } from '../syntax/slash-words.ts';
import { splitLine } from '../syntax/tokenizer.ts';
import { IoError } from '#io';
import type { Console } from './console.ts';
import { commandHelp, commandList } from './help.ts';

export interface Shell {
  readonly context: CommandContext;
  readonly console: Console;
  readonly format: OutputFormat;
  /** One JSON document to a line, named by its command: several commands run. */
  readonly isBatch: boolean;
  /** Asks for what is missing; undefined where nobody can be asked. */
  readonly asker: Asker | undefined;
}

const helpWords = /^(\?|(--?|\/)?(help|man|\?)|\/h)$/i;

/** `Name ?`, `?Name` and `Name?` all ask for help on Name. */
function separate(line: string): { readonly name: string; readonly rest: string } {
  const [, word = '', rest = ''] = /^\s*(\S+)\s*([^]*)$/.exec(line) ?? [];
  if (/^\?[^?]/.test(word)) return { name: word.slice(1), rest: '/?' };
  if (/[^?]\?$/.test(word)) return { name: word.slice(0, -1), rest: '/?' };
  return { name: word, rest };
}

/** `exit` and `quit` end the shell; otherwise the exit code of the line. */
export async function runLine(shell: Shell, line: string): Promise<ExitCode | 'exit'> {
  const { name, rest } = separate(line);
  if (name === '') return ExitCode.ok;
  if (/^(exit|quit)$/i.test(name)) return 'exit';
  try {
    if (helpWords.test(name)) return showHelp(shell, rest);
    await runCommand(shell, findCommand(name), rest);
    return ExitCode.ok;
  } catch (error) {
    return report(shell, name, error);
  } finally {
    await shell.console.flush();
  }
}

function showHelp({ console }: Shell, about: string): ExitCode {
  const [wanted] = splitLine(about);
  const lines = wanted === undefined || helpWords.test(wanted) ? commandList(console.columns) : undefined;
  console.write(lines ?? commandHelp(findCommand(wanted ?? ''), console.columns));
  return ExitCode.ok;
}

async function runCommand(shell: Shell, command: Command, rest: string): Promise<void> {
  const { console, context, format } = shell;
  if (format === 'text') console.write([`${command.name} command - ${command.title}`]);
  const words = sortWords(splitLine(rest));
  if (asksForHelp(words)) {
    console.write(commandHelp(command, console.columns));
    return;
  }
  if (command.needsHub && context.selection.hubName === undefined) {
    throw usageError('Before executing this command, first select the Virtual Hub to manage using the Hub command.');
  }
  const { values, ignored } = typedValues(command, words);
  if (ignored.length > 0) {
    console.warn(`hubfarm: ignored: ${ignored.join(' ')} (a value that contains blanks needs double quotes)`);
  }
  const outcome = await command.run(context, await resolveParameters(command, values, shell.asker));
  show(shell, command, outcome);
}

function show({ console, format, isBatch }: Shell, command: Command, outcome: Outcome): void {
  if (format === 'json') {
    const result = outcomeToJson(outcome);
    console.write([isBatch ? formatJson({ command: command.name, result }, 0) : formatJson(result, 2)]);
    return;
  }
  for (const block of outcome.blocks) {
    if (block.kind === 'text') console.write(block.lines);
    else console.write(format === 'csv' ? csvLines(block.table) : drawTable(block.table));
  }
  if (format === 'text') console.write(['The command completed successfully.', '']);
}

/** Errors that end one line only are shown; others (no connection, wrong password, our own mistakes) end the shell. */
function report({ console, format, isBatch }: Shell, name: string, error: unknown): ExitCode {
  const isLinesOwn = error instanceof IoError || (error instanceof CliError && error.exitCode <= ExitCode.usage);
  if (!isLinesOwn) throw error;
  const code = error instanceof CliError ? error.exitCode : ExitCode.refused;
  if (format === 'json') {
    const body = errorJson(error);
    console.warn(formatJson(isBatch ? { command: name, error: body } : { error: body }, 0));
  } else if (error instanceof RefusedError) {
    console.write([`Error occurred. (Error code: ${error.number})`, error.reason]);
  } else {
    console.write(error.message.split('\n'));
  }
  return code;
}

/** `code`: the server's number, or a name where the error is ours. */
export const errorJson = (error: CliError | IoError): Json =>
  error instanceof RefusedError
    ? { code: error.number, message: error.reason }
    : { code: error.code, message: error.message };
