import { parseMemberId, type MemberId } from '../member-id.ts';
import type { MemberBoot } from '../member-boot.ts';
import type { Carrier } from './carrier.ts';
import type { HelloFrame, RefusalReason } from './codec/frame.ts';

/** What this build speaks. Another version is understood from `OLDEST_VERSION` on: members are upgraded one by one. */
export const VERSION = 1;
export const OLDEST_VERSION = 1;

/** Random, 16 bytes as hex, say; nobody looks inside. */
const BOOT = /^[\x21-\x7e]{1,64}$/;

export interface Greeting {
  readonly self: MemberBoot;
  readonly cluster: string;
  readonly carrier: Carrier;
  /** The member that was dialled; undefined at the one who was dialled. */
  readonly expected: MemberId | undefined;
}

export type Judgement =
  | { readonly kind: 'welcome'; readonly other: MemberBoot }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly text: string };

const refuse = (reason: RefusalReason, text: string): Judgement => ({ kind: 'refuse', reason, text });

/** Whether the other side of a new link is who it says, and one with whom this member can speak. */
export function judgeHello(hello: HelloFrame, { self, cluster, carrier, expected }: Greeting): Judgement {
  if (hello.version < OLDEST_VERSION || hello.oldestVersion > VERSION) {
    const theirs = `${hello.oldestVersion} to ${hello.version}`;
    return refuse(
      'version',
      `it speaks the versions ${theirs} of the bus, this member ${OLDEST_VERSION} to ${VERSION}`,
    );
  }
  if (hello.cluster !== cluster) return refuse('cluster', `it is of the cluster ${hello.cluster}, not of ${cluster}`);
  const id = parseMemberId(hello.member);
  if (id === undefined || !BOOT.test(hello.boot)) return refuse('identity', `"${hello.member}" is no member`);
  const member: MemberId = `${id.server}/${id.index}`;
  const { proven } = carrier;
  if ('server' in proven ? proven.server !== id.server : proven.member !== member) {
    const who = 'server' in proven ? `a certificate of ${proven.server}` : `the thread of ${proven.member}`;
    return refuse('identity', `it calls itself ${member} with ${who}`);
  }
  if (expected !== undefined && member !== expected) return refuse('member', `it is ${member}, not ${expected}`);
  if (hello.called !== '' && hello.called !== self.member) {
    return refuse('member', `this is ${self.member}, not ${hello.called}`);
  }
  if (member === self.member) {
    return refuse('member', hello.boot === self.boot ? 'it is this member' : `there is another ${member}`);
  }
  return { kind: 'welcome', other: { member, boot: hello.boot } };
}
