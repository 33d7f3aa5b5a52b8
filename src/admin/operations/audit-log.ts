import type { Logger } from '#base';
import { isSameHub } from './caller.ts';
import { auditRecordOf, type AuditEvent, type AuditRecord } from './audit-record.ts';

/** Where operations say what they changed. */
export interface AuditLog {
  record(event: AuditEvent): void;
  /** The newest records last. With `hubName`: only what that hub's administrators did. */
  tail(count: number, hubName?: string): readonly AuditRecord[];
}

/** A file of lines that only grows. `write` takes a line without its line feed; false = it could not be taken. */
export interface AuditFile {
  write(line: string): boolean;
}

/** Records kept in memory for `tail`; at the cap the oldest is forgotten (the file keeps them all). */
const AUDIT_TAIL_RECORDS = 1000;

/** Keeps the audit log: JSON lines in a file, the newest of them in memory. */
export class FileAuditLog implements AuditLog {
  readonly #file: AuditFile;
  readonly #logger: Logger;
  readonly #tail: AuditRecord[] = [];

  constructor(file: AuditFile, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  record(event: AuditEvent): void {
    const record = auditRecordOf(event);
    this.#tail.push(record);
    if (this.#tail.length > AUDIT_TAIL_RECORDS) this.#tail.shift();
    if (!this.#file.write(JSON.stringify(record))) {
      this.#logger.error({ record }, 'audit record not written to its file; it is here instead');
    }
  }

  tail(count: number, hubName?: string): readonly AuditRecord[] {
    const visible = hubName === undefined ? this.#tail : this.#tail.filter((record) => isOf(record, hubName));
    return visible.slice(-Math.max(count, 1));
  }
}

function isOf(record: AuditRecord, hubName: string): boolean {
  return record.hub !== undefined && isSameHub(record.hub, hubName);
}
