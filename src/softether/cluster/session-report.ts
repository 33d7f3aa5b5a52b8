import type { ClusterSessionLimits } from './limits.ts';
import { Message } from './message.ts';
import { sessionRowOf } from './place-order.ts';
import type { SessionReport } from './session-reporter.ts';

/** @throws BadMessage */
export function sessionReportOf(
  body: unknown,
  { rowsPerReport }: Pick<ClusterSessionLimits, 'rowsPerReport'>,
): SessionReport {
  const message = new Message(body);
  const epoch = message.count('epoch');
  const rowsOf = (name: string) => message.list(name, rowsPerReport).map((row) => sessionRowOf(new Message(row)));
  if (message.oneOf('kind', ['list', 'change']) === 'list') {
    return {
      kind: 'list',
      epoch,
      isFirst: message.flag('isFirst'),
      isLast: message.flag('isLast'),
      rows: rowsOf('rows'),
    };
  }
  const ended = message.list('ended', rowsPerReport).map((body) => {
    const one = new Message(body);
    return { hubName: one.text('hubName'), name: one.text('name') };
  });
  return { kind: 'change', epoch, begun: rowsOf('begun'), ended };
}
