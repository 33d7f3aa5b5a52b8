import type { Entry, Revision } from '../backplane.ts';
import type { ListedReply, Reply } from './requests.ts';

/** Values share pieces of memory of about this size. */
const pieceBytes = 256 * 1024;

/** Takes the rows of a list. */
export class ListBuilder {
  readonly #keys: string[] = [];
  readonly #pieces: Uint8Array[] = [];
  readonly #lengths: number[] = [];
  readonly #created: Revision[] = [];
  readonly #modified: Revision[] = [];
  readonly #leases: string[] = [];
  #piece = new Uint8Array(pieceBytes);
  #used = 0;

  add({ key, value, createRevision, modRevision, lease = '' }: Entry): void {
    if (this.#used + value.length > this.#piece.length) this.#endPiece(value.length);
    this.#piece.set(value, this.#used);
    this.#used += value.length;
    this.#keys.push(key);
    this.#lengths.push(value.length);
    this.#created.push(createRevision);
    this.#modified.push(modRevision);
    this.#leases.push(lease);
  }

  finish(revision: Revision): ListedReply {
    this.#endPiece(0);
    return {
      kind: 'listed',
      revision,
      keys: this.#keys,
      pieces: this.#pieces,
      lengths: this.#lengths,
      created: this.#created,
      modified: this.#modified,
      leases: this.#leases,
    };
  }

  #endPiece(nextBytes: number): void {
    if (this.#used > 0) this.#pieces.push(this.#piece.slice(0, this.#used));
    if (nextBytes > this.#piece.length) this.#piece = new Uint8Array(nextBytes);
    this.#used = 0;
  }
}

/** Values are parts of the pieces. */
export function entriesOf(reply: ListedReply): Extract<Reply, { kind: 'entries' }> {
  const { revision, keys, pieces, lengths, created, modified, leases } = reply;
  let piece = 0;
  let at = 0;
  const entries = keys.map((key, index): Entry => {
    const length = lengths[index]!;
    if (at + length > (pieces[piece]?.length ?? 0)) {
      piece++;
      at = 0;
    }
    const value = pieces[piece]?.subarray(at, at + length) ?? new Uint8Array(0);
    at += length;
    const lease = leases[index]!;
    const entry = { key, value, createRevision: created[index]!, modRevision: modified[index]! };
    return lease === '' ? entry : { ...entry, lease };
  });
  return { kind: 'entries', revision, entries };
}
