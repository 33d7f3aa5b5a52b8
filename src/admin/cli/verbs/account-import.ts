import type { Outcome } from '../commands/command.ts';
import { localError, usageError } from '../exit-code.ts';
import { ProgressBar } from '../progress-bar.ts';
import { lineBeyondUtf8, readAccounts, type CsvAccount, type CsvProblem } from './account-csv.ts';
import type { VerbContext } from './verb.ts';

const maxFileBytes = 256 * 1024 * 1024;
const uploadRows = 5_000;
const maxProblemsShown = 20;
/** How much of the whole time the upload takes, about: the rest is writing. */
const uploadShare = 0.3;

/** Accounts of a file into a domain: all of them or none, unless --partial. */
export async function importAccounts(context: VerbContext, file: string): Promise<Outcome> {
  const { api, options, runtime } = context;
  const domain = options.text('domain');
  if (domain === undefined) throw usageError('give the domain of the accounts with --domain');
  const isPartial = options.isSet('partial');
  const bytes = await runtime.files.read(file, maxFileBytes);
  const badLine = lineBeyondUtf8(bytes);
  if (badLine !== undefined) {
    throw localError(`${file}: line ${badLine} is not UTF-8, nothing was imported: save it as "CSV UTF-8" first`);
  }
  const { accounts, problems } = readAccounts(bytes.toString(), domain);
  if (problems.length > 0 && !isPartial) throw refused(file, problems);
  if (accounts.length === 0) throw refused(file, problems.length > 0 ? problems : [{ line: 1, reason: 'no account' }]);
  const bar = new ProgressBar(runtime.terminal, runtime.clock);
  try {
    const id = await upload(context, domain, accounts, bar);
    const more: CsvProblem[] = [];
    for (;;) {
      const answer = await api.call('HubfarmSipImportAccounts', { UploadId_str: id, Partial_bool: isPartial });
      for (const row of answer.rows('RefusedList')) {
        more.push({ line: accounts[row.integer('Row')]?.line ?? 0, reason: row.text('Reason') });
      }
      if (more.length > 0 && !isPartial) throw refused(file, more);
      const [added, total] = [answer.integer('NumAdded'), answer.integer('NumAccounts')];
      bar.show(uploadShare + (1 - uploadShare) * (total === 0 ? 1 : added / total), `${added} of ${total} accounts`);
      if (answer.flag('Done')) return outcome(domain, added, [...problems, ...more]);
    }
  } finally {
    bar.clear();
  }
}

async function upload(
  { api }: VerbContext,
  domain: string,
  accounts: readonly CsvAccount[],
  bar: ProgressBar,
): Promise<string> {
  let id = '';
  for (let at = 0; at < accounts.length; at += uploadRows) {
    const rows = accounts.slice(at, at + uploadRows).map(({ fields }) => fields);
    const params = { Domain_str: domain, UploadId_str: id, AccountList: rows };
    id = (await api.call('HubfarmSipUploadAccounts', params)).text('UploadId');
    bar.show((uploadShare * (at + rows.length)) / accounts.length, `${at + rows.length} of ${accounts.length} read`);
  }
  return id;
}

function outcome(domain: string, added: number, problems: readonly CsvProblem[]): Outcome {
  const lines = [`${added} ${added === 1 ? 'account' : 'accounts'} added to ${domain}`];
  const passedOver = problems.length === 1 ? '1 line was passed over:' : `${problems.length} lines were passed over:`;
  if (problems.length > 0) lines.push(passedOver, ...shown(problems));
  return { blocks: [{ kind: 'text', lines }], json: { domain, added, refused: problems.map((one) => ({ ...one })) } };
}

function refused(file: string, problems: readonly CsvProblem[]): Error {
  const advice = 'nothing was imported; --partial imports the other lines';
  return localError(`${file}: ${advice}\n${shown(problems).join('\n')}`);
}

function shown(problems: readonly CsvProblem[]): string[] {
  const lines = problems.slice(0, maxProblemsShown).map(({ line, reason }) => `line ${line}: ${reason}`);
  if (problems.length > maxProblemsShown) lines.push(`and ${problems.length - maxProblemsShown} more`);
  return lines;
}
