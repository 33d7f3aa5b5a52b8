/** What a PACK may cost to decode. Counts are checked against these, and against the bytes left, before anything is allocated. */
export interface PackLimits {
  readonly maxBytes: number;
  readonly maxElements: number;
  /** Over all elements together. */
  readonly maxValues: number;
  /** Of one data, str or unistr value. */
  readonly maxValueBytes: number;
}

/** Before a peer has proved who it is. A stock client's log-in has 78 elements in under 4 KiB. */
export const preAuthPackLimits: PackLimits = {
  maxBytes: 65_536,
  maxElements: 512,
  maxValues: 4096,
  maxValueBytes: 65_536,
};

/** Administration: lists of some 20,000 rows with 40 columns, or one configuration file. */
export const adminPackLimits: PackLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxElements: 4096,
  maxValues: 1_048_576,
  maxValueBytes: 32 * 1024 * 1024,
};
