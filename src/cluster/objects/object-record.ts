import type { Revision } from '#backplane';
import type { MemberBoot } from '../member-boot.ts';
import { isCount, isText, parseJsonObject } from '../json-record.ts';
import { parseMemberId, type MemberId } from '../member-id.ts';

/** Value of a placed object's key: where it lives, and under which leadership it was placed. */
export interface ObjectRecord extends MemberBoot {
  readonly epoch: Revision;
}

export interface PlacedObject extends ObjectRecord {
  /** Its key without the prefix. */
  readonly name: string;
  /** Of its record, which is written once: another revision is another instance. */
  readonly revision: Revision;
}

export function parseObjectRecord(bytes: Uint8Array): ObjectRecord | undefined {
  const { member, boot, epoch } = parseJsonObject(bytes) ?? {};
  if (!isText(member) || !isText(boot) || !isCount(epoch) || parseMemberId(member) === undefined) return undefined;
  return { member: member as MemberId, boot, epoch };
}

export const serialiseObjectRecord = ({ member, boot, epoch }: ObjectRecord): string =>
  JSON.stringify({ member, boot, epoch });

export const isSameBoot = (one: MemberBoot, other: MemberBoot): boolean =>
  one.member === other.member && one.boot === other.boot;
