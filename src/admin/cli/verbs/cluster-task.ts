import type { JsonObject } from '../json-document.ts';
import { CliError, ExitCode } from '../exit-code.ts';
import type { Fields } from '../fields.ts';
import type { VerbContext } from './verb.ts';

const POLL_MS = 200;
/** The server is not there for some seconds while it starts again; an engine takes its time. */
const MAX_AWAY_MS = 120_000;

const marks: Readonly<Record<string, string>> = {
  started: '  …   ',
  done: '  ok  ',
  failed: 'FAILED',
  warning: ' note ',
};

/** Begins a task on the server and shows its steps on standard error until it is over. Returns its last state. */
export async function followTask(context: VerbContext, method: string, params: JsonObject): Promise<Fields> {
  const id = (await context.api.call(method, params)).text('TaskId');
  let shown = 0;
  let awayForMs = 0;
  for (;;) {
    const task = await look(context, id, shown);
    if (task === undefined) {
      awayForMs += POLL_MS;
      if (awayForMs > MAX_AWAY_MS) throw away();
    } else {
      awayForMs = 0;
      shown = Math.max(shown, task.integer('NumSteps'));
      for (const step of task.rows('Steps')) show(context, step);
      const state = task.text('State');
      if (state === 'done') return task;
      if (state === 'failed') throw failure(task);
    }
    await new Promise<void>((resolve) => void context.runtime.clock.after(POLL_MS, resolve));
  }
}

/** undefined: the server is being started again. */
async function look({ api }: VerbContext, id: string, shown: number): Promise<Fields | undefined> {
  try {
    return await api.call('HubfarmGetClusterTask', { TaskId_str: id, FromStep_u32: shown });
  } catch (error) {
    if (error instanceof CliError && error.exitCode === ExitCode.unreachable) return undefined;
    throw error;
  }
}

function show({ runtime }: VerbContext, step: Fields): void {
  const state = step.text('State');
  // What begins is told to people who watch; a log needs only how it went.
  if (state === 'started' && !runtime.terminal.isInteractive) return;
  runtime.terminal.writeError(`[${marks[state] ?? state}] ${step.text('Text')}\n`);
}

function failure(task: Fields): CliError {
  const code = task.text('ErrorCode');
  return new CliError(code, ExitCode.refused, `${task.text('ErrorStep')}: ${task.text('ErrorMessage')}`);
}

const away = (): CliError =>
  new CliError(
    'UNREACHABLE',
    ExitCode.unreachable,
    `the server does not answer since ${MAX_AWAY_MS / 1000} s: its log says why ("hubfarm cluster status" when it is back)`,
  );
