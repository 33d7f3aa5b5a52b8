import { isCount, isFlag, isNumber, isPorts, isText, parseJsonObject } from '../json-record.ts';
import type { LoadReport, MemberInfo } from '../membership.ts';
import type { MemberId } from '../member-id.ts';

/** Sessions that a member may say it can hold: keeps a wrong record from drawing all of them. */
const capacityMax = 10_000_000;
const weightMax = 1_000_000;

/** Each server writes its own records: what is wrong in one is not believed. `id` comes from the key. */
export function parseMemberInfo(id: MemberId, bytes: Uint8Array): MemberInfo | undefined {
  const record = parseJsonObject(bytes);
  if (record === undefined) return undefined;
  const { boot, version, hostName, startedAtMs, joinedAtMs, busAddress, publicAddress, publicPorts } = record;
  const { certificate, weight, isEligible, isControllerOnly, isDraining, capacity } = record;
  if (![boot, version, hostName, busAddress, publicAddress, certificate].every(isText)) return undefined;
  if (![startedAtMs, joinedAtMs].every(isNumber) || !isPorts(publicPorts)) return undefined;
  if (![isEligible, isControllerOnly, isDraining].every(isFlag)) return undefined;
  if (!isCount(weight) || weight > weightMax || !isCount(capacity) || capacity === 0 || capacity > capacityMax) {
    return undefined;
  }
  return { ...(record as unknown as MemberInfo), id, member: id };
}

export function parseLoadReport(bytes: Uint8Array): BootReport | undefined {
  const record = parseJsonObject(bytes);
  if (record === undefined) return undefined;
  const { boot, sequence, sessions, connections, hubInstances, clientLicences, bridgeLicences } = record;
  const { points, ticketsTaken, unreachablePorts, unreachableCause, mediaCalls = 0 } = record;
  const counts = [
    sequence,
    sessions,
    connections,
    hubInstances,
    clientLicences,
    bridgeLicences,
    points,
    ticketsTaken,
    mediaCalls,
  ];
  if (!isText(boot) || !counts.every(isCount) || !isPorts(unreachablePorts)) return undefined;
  if (unreachableCause !== undefined && !isText(unreachableCause)) return undefined;
  return record as unknown as BootReport;
}

/** As it is stored: a report is good only together with the info of the same boot. */
export interface BootReport extends LoadReport {
  readonly boot: string;
}
