import type { Ban } from '#base';
import type { Clock } from '#io';
import type { MediaFigures, PortRange } from '#media';
import type { AccountDirectory, Binding, FarmPart, MessageTrace, SipAccounts } from '#sip';
import { ErrorCode } from '#softether';
import { refuse, type Refusal } from './refusal.ts';
import { Uploads } from './sip-upload.ts';

/** The SIP server, as far as it is administered. */
export interface SipControl {
  readonly directory: Pick<
    AccountDirectory,
    | 'domains'
    | 'domain'
    | 'createDomain'
    | 'setDomainAliases'
    | 'deleteDomain'
    | 'accounts'
    | 'account'
    | 'accountCount'
    | 'countOf'
    | 'find'
    | 'createAccount'
    | 'createAccounts'
    | 'updateAccount'
    | 'deleteAccount'
    | 'takeBack'
    | 'problemOf'
  >;
  readonly registrations: RegistrationControl;
  bans(): readonly Ban[];
  /** Address, `user@domain` or user. False: nothing was banned under it. */
  liftBan(target: string): boolean;
  status(): SipStatus;
  /** Absent: a server without a part in any farm. */
  readonly farm?: FarmControl;
  /** Absent: no media are relayed here. */
  readonly media?: MediaControl;
  /** Absent: messages cannot be looked at here. */
  readonly trace?: Pick<MessageTrace, 'start' | 'result'>;
  /** Accounts on their way in. */
  readonly uploads: Uploads;
}

export type FarmControl = Pick<
  FarmPart,
  'status' | 'refresh' | 'setServer' | 'setCluster' | 'setOf' | 'setOfCluster' | 'isServer'
>;

export interface MediaControl {
  figures(): MediaFigures;
  /** How it is reached from outside. */
  place(): {
    readonly ports: PortRange;
    /** Empty: none. */
    readonly wanAddress: string;
    /** It is set for the whole cluster. */
    readonly isWanOfCluster: boolean;
    /** That SIP listens on. */
    readonly servicePorts: readonly number[];
  };
}

export interface RegistrationControl {
  readonly accountCount: number;
  readonly bindingCount: number;
  /** `user@domain` of all that are registered anywhere. */
  aors(): Iterable<string>;
  lookup(aor: string): readonly Binding[];
  /** Ends all bindings of an account, or the one with this Contact URI. How many that were. */
  end(aor: string, contact?: string): Promise<number>;
}

export interface SipStatus {
  readonly listeners: readonly {
    /** `udp`, `tcp`, `tls`, `ws` or `wss`. */
    readonly transport: string;
    readonly address: string;
    readonly port: number;
    /** Why it is not open; undefined = it is. */
    readonly error: string | undefined;
  }[];
  /** Counts since the start and numbers of what there is, by name. */
  readonly figures: readonly (readonly [name: string, value: number])[];
}

/** What is administered of a member's accounts. `status`: of its SIP server. */
export function sipControl(
  accounts: SipAccounts,
  clock: Clock,
  status: () => SipStatus,
  trace?: SipControl['trace'],
  farm?: FarmControl,
  media?: MediaControl,
): SipControl {
  const { directory, location, registrations, guard } = accounts;
  return {
    directory,
    registrations: {
      get accountCount() {
        return location.accountCount;
      },
      get bindingCount() {
        return location.bindingCount;
      },
      aors: () => location.aors(),
      lookup: (aor) => location.lookup(aor),
      end: (aor, contact) => registrations.end(aor, contact),
    },
    bans: () => guard.bans(),
    liftBan: (target) => guard.lift(target),
    status,
    ...(farm && { farm }),
    ...(media && { media }),
    ...(trace && { trace }),
    uploads: new Uploads(clock),
  };
}

/** The SIP server, or that this one has none. */
export function sipOf({ sip }: { readonly sip?: SipControl | undefined }): SipControl | Refusal {
  return (
    sip ?? refuse(ErrorCode.NOT_SUPPORTED, 'this server has no SIP: see "listen" in the section [sip] of its settings')
  );
}

/** `alice@example.org` in its two parts. */
export function accountName(text: string): { readonly user: string; readonly domain: string } | Refusal {
  const at = text.lastIndexOf('@');
  if (at > 0 && at < text.length - 1) return { user: text.slice(0, at), domain: text.slice(at + 1) };
  return refuse(ErrorCode.INVALID_PARAMETER, `"${text.slice(0, 100)}" is no account: give user@domain`);
}
