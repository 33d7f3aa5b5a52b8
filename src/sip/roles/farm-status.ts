import { memberName, type MemberId } from '#cluster';
import { addressAndPort } from '../transport/hop.ts';
import type { ClusterFarm } from './cluster-farm.ts';
import type { FarmRecord } from './farm-record.ts';
import type { FarmCompany } from './other-members.ts';
import type { FarmWarning, MemberKind } from './resolve-farm.ts';
import type { Balancer, FarmMode, FarmSettings, Processing, RoleSettings, SettingSource } from './settings.ts';

/** One member of the farm, for administrators. */
export interface FarmMemberStatus {
  readonly name: string;
  readonly isSelf: boolean;
  /** `alone`, `threads`, `frontend`, `backend` */
  readonly role: string;
  readonly token: string;
  readonly configured: RoleSettings;
  readonly resolved: { readonly farm: FarmMode; readonly signals: Processing; readonly callLegs: Processing };
  /** New calls go to it. */
  readonly isInFarm: boolean;
  readonly isReady: boolean;
  readonly isReachable: boolean;
  readonly isDraining: boolean;
  /** Why it is not ready, or not reached; empty: nothing. */
  readonly problem: string;
  /** `192.0.2.1:5570`; empty: none. */
  readonly relayAddress: string;
  readonly balancer: Balancer;
  readonly virtualAddresses: readonly string[];
  readonly boundAddresses: readonly string[];
  readonly wanAddress: string;
  readonly weight: number;
  readonly warnings: readonly FarmWarning[];
}

export interface FarmStatus {
  /** Of this server, and where each value comes from. */
  readonly settings: FarmSettings;
  readonly sources: { readonly [K in keyof FarmSettings]: SettingSource };
  /** This one first. */
  readonly members: readonly FarmMemberStatus[];
}

export interface StatusFacts {
  readonly kind: MemberKind;
  readonly company: FarmCompany | undefined;
  readonly own: FarmRecord;
  readonly others: readonly (readonly [MemberId, FarmRecord])[];
  readonly farm: ClusterFarm | undefined;
}

/** All members, up or not, this one first. */
export function memberStatus({ kind, company, own, others, farm }: StatusFacts): FarmMemberStatus[] {
  const self: FarmMemberStatus = {
    ...statusOf(company === undefined ? '' : memberName(company.membership.self.id), own, kind),
    isSelf: true,
    isReachable: true,
    isDraining: company?.membership.self.isDraining === true,
    isInFarm: farm?.self.isInFarm ?? false,
  };
  const rest = others.map(([id, record]): FarmMemberStatus => {
    const view = company?.membership.find(id);
    const isUp = view?.info.boot === record.boot;
    const member = isUp ? farm?.members().find(({ token }) => token === record.token) : undefined;
    return {
      ...statusOf(memberName(id), record, kind === 'threads' ? 'threads' : record.role),
      isReady: isUp && record.isReady,
      isReachable: member?.isReachable === true,
      isDraining: isUp && view.info.isDraining,
      isInFarm: member?.isInFarm === true && member.isReachable,
      problem: isUp ? view.cause || record.problem : 'it is not up',
    };
  });
  return [self, ...rest];
}

function statusOf(name: string, record: FarmRecord, role: string): FarmMemberStatus {
  const { token, configured, resolved, isReady, problem, relayHost, relayPort, balancer, wanAddress } = record;
  const { virtualAddresses, boundAddresses, weight, warnings } = record;
  return {
    name,
    isSelf: false,
    role,
    token,
    configured,
    resolved,
    isInFarm: false,
    isReady,
    isReachable: false,
    isDraining: false,
    problem,
    relayAddress: relayPort === 0 ? '' : addressAndPort(relayHost, relayPort),
    balancer,
    virtualAddresses,
    boundAddresses,
    wanAddress,
    weight,
    warnings,
  };
}
