import { reasonOf } from '#base';
import type { AccountRecord } from '#sip';
import { ErrorCode } from '#softether';
import { bool, int, list, optional, str, unistr } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { operation, type Call } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { noHashes, secretFields, secretOf } from './sip-account.ts';
import { sipOf, type SipControl } from './sip-control.ts';
import type { RefusedRow, Upload } from './sip-upload.ts';

/** Written in one transaction: what the engine of a cluster takes at once, several times over. */
const batchAccounts = 2_000;
const maxRefusedShown = 1_000;

export const sipImportOperations = [
  operation({
    name: 'HubfarmSipUploadAccounts',
    noun: 'account',
    verb: 'upload',
    about:
      'Takes accounts for an import into memory, some thousand at a time; nothing is changed yet. One upload at a time: ' +
      'a new one ends the one before, and one that is not gone on with is forgotten after ten minutes.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {
      Domain: str(),
      UploadId: str('of the call before; empty: begins an upload'),
      AccountList: list({
        Username: str(),
        ...secretFields,
        DisplayName: optional(unistr()),
        Aliases: optional(str('with commas')),
        MaxContacts: optional(int()),
      }),
    },
    output: { UploadId: str(), NumAccounts: int('uploaded so far') },
    run: (context, input) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const domain = sip.directory.domain(input.Domain)?.name;
      if (domain === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no SIP domain ${input.Domain}`);
      const upload = sip.uploads.open(domain, input.UploadId);
      if (upload === undefined) return unknownUpload(input.UploadId);
      const now = context.clock.wallMs();
      for (const row of input.AccountList) {
        const secret = secretOf({ user: row.Username, domain }, row) ?? noHashes;
        upload.add(
          secret instanceof Refusal
            ? secret.message
            : {
                user: row.Username,
                ...secret,
                aliases: (row.Aliases ?? '').split(',').filter((alias) => alias !== ''),
                displayName: row.DisplayName ?? '',
                isEnabled: true,
                maxContacts: row.MaxContacts ?? 0,
                createdAtMs: now,
                updatedAtMs: now,
              },
        );
      }
      return { UploadId: upload.id, NumAccounts: upload.count };
    },
  }),
  operation({
    name: 'HubfarmSipImportAccounts',
    noun: 'account',
    verb: 'import',
    about:
      'Makes the accounts of an upload, a part of them with each call, until Done. The first call looks at all of them: ' +
      'if one cannot be made, none is, unless Partial is set. If a later part fails, what was made before is removed again.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { UploadId: str(), Partial: bool('make those that can be made') },
    output: {
      Done: bool(),
      NumAdded: int('so far'),
      NumAccounts: int('to be added in all'),
      RefusedList: list(
        { Row: int('of the upload, from 0'), Username: str(), Reason: str() },
        `Only in the first answer, at most ${maxRefusedShown}. Without Partial nothing was done where there are any.`,
      ),
    },
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const upload = sip.uploads.find(input.UploadId);
      if (upload === undefined) return unknownUpload(input.UploadId);
      let refused: readonly RefusedRow[] = [];
      if (upload.begins()) {
        refused = upload.examine((record, taken) => sip.directory.problemOf(upload.domain, record, taken));
        if (refused.length > 0 && !input.Partial) {
          sip.uploads.close(upload);
          return { Done: true, NumAdded: 0, NumAccounts: 0, RefusedList: rowsOf(refused) };
        }
      }
      const failure = await writeBatch(context, sip, upload);
      if (failure !== undefined) return failure;
      const isDone = upload.added >= upload.accepted;
      if (isDone) {
        sip.uploads.close(upload);
        if (upload.added > 0) told(call, upload);
      }
      return { Done: isDone, NumAdded: upload.added, NumAccounts: upload.accepted, RefusedList: rowsOf(refused) };
    },
  }),
];

async function writeBatch(context: AdminContext, sip: SipControl, upload: Upload): Promise<Refusal | undefined> {
  const batch = upload.next(batchAccounts);
  if (batch.length === 0) return undefined;
  try {
    upload.written(await sip.directory.createAccounts(upload.domain, batch), usersOf(batch));
    return undefined;
  } catch (error) {
    sip.uploads.close(upload);
    for (const { users, revision } of upload.parts) await sip.directory.takeBack(upload.domain, users, revision);
    context.logger.warn(
      { err: error, domain: upload.domain },
      'an import of SIP accounts failed; what it had made is removed',
    );
    const why = reasonOf(error);
    return refuse(ErrorCode.INTERNAL_ERROR, `nothing was imported: ${why}`);
  }
}

function told(call: Call, upload: Upload): void {
  call.changed(`SIP accounts of ${upload.domain}`, undefined, { imported: upload.added });
}

const usersOf = (records: readonly AccountRecord[]): string[] => records.map(({ user }) => user);

const rowsOf = (refused: readonly RefusedRow[]) =>
  refused.slice(0, maxRefusedShown).map(({ row, user, reason }) => ({ Row: row, Username: user, Reason: reason }));

const unknownUpload = (id: string): Refusal =>
  refuse(
    ErrorCode.OBJECT_NOT_FOUND,
    `there is no upload "${id.slice(0, 40)}": another one was begun, or it is too old`,
  );
