import { reasonOf, type Logger } from '#base';
import type { Clock } from '#io';
import { Forbidden, Unavailable } from '../../backplane.ts';
import { encodeDisarmNoSpace, decodeStatus, encodeMoveLeader, type EngineStatus } from '../codec/maintenance.ts';
import {
  decodeMemberAdded,
  decodeMembers,
  encodeMemberAdd,
  encodeMemberId,
  type EngineMember,
  type MemberAdded,
} from '../codec/membership.ts';
import { judged } from '../engine-errors.ts';
import { methods } from '../methods.ts';
import { clientOptions, type EtcdOptions } from '../open.ts';
import { Endpoint } from '../rpc/endpoint.ts';
import { EngineClient, type Timeouts } from '../rpc/engine-client.ts';
import { RpcError, status } from '../rpc/rpc-error.ts';
import { EngineAccess } from './engine-access.ts';
import { url } from './engine-arguments.ts';
import { EngineError } from './engine-error.ts';
import type { EnginePeer } from './engine-options.ts';
import { roleForNext, type EngineRole } from './engine-roles.ts';

/** What a server that was let in needs to start its own engine. */
export interface EngineAdmission {
  readonly role: EngineRole;
  /** Undefined for a client. */
  readonly memberId: string | undefined;
  /** For `EngineOptions.join`; empty for a client. */
  readonly join: readonly EnginePeer[];
}

const nothing = new Uint8Array(0);
/** Of two engines the second has no vote: see `roleForNext`. */
const loneCopies = 2;
/** What is asked for here can wait: an engine that chooses a leader, or whose disks are busy, does not fail it. */
const patience: Timeouts = { attemptMs: 5_000, bulkAttemptMs: 5_000, callMs: 20_000 };
/** The engine takes no change of its members before all have been connected for five seconds. */
const changeWithinMs = 30_000;
const catchUpWithinMs = 60_000;
const pauseMs = 250;
const statusTimeoutMs = 1_500;
const defragmentTimeoutMs = 60_000;

type AdministrationOptions = Pick<EtcdOptions, 'endpoints' | 'tls' | 'http2' | 'clock'> & { readonly logger: Logger };

/** Who keeps the cluster's store. For eligible servers: the engine takes these orders from nobody else. */
export class EngineAdministration {
  readonly access: EngineAccess;
  readonly #options: AdministrationOptions;
  readonly #client: EngineClient;
  readonly #clock: Clock;

  constructor(options: AdministrationOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#client = new EngineClient(clientOptions({ ...options, timeouts: patience }), () => undefined);
    this.access = new EngineAccess(this.#client);
  }

  /** @throws Unavailable */
  async members(): Promise<readonly EngineMember[]> {
    return decodeMembers(await this.#call(methods.memberList, nothing, true));
  }

  /** What the engine of one member says of itself; undefined when it does not answer. */
  async status(member: EngineMember): Promise<EngineStatus | undefined> {
    try {
      return decodeStatus(await this.#ask(member, methods.status, nothing, statusTimeoutMs));
    } catch {
      return undefined;
    }
  }

  /**
   * Lets a server in. One of the same name is taken out first: it comes back, with an empty directory. When the server
   * has started its engine, `complete` follows; when it has not, `remove`.
   */
  async admit(peer: EnginePeer): Promise<EngineAdmission> {
    const before = await this.members();
    const former = before.filter(({ name, peerUrls }) => name === peer.name || peerUrls.includes(urlOf(peer)));
    for (const { id } of former) await this.remove(id);
    const present = before.filter((member) => !former.includes(member));
    const role = roleForNext(present);
    if (role === 'client') return { role, memberId: undefined, join: [] };
    // The engine has room for one learner at a time.
    for (const { id, isLearner } of present) if (isLearner) await this.promote(id);
    const { id, members } = await this.#add(peer);
    const join = members.map((member) => (member.id === id ? peer : peerOf(member)));
    this.#options.logger.info({ name: peer.name, role }, 'engine: a server was let in');
    return { role, memberId: id, join };
  }

  /** The admitted server's engine runs: gives it its vote when it has a complete copy, if it shall have one. */
  async complete({ role, memberId }: EngineAdmission): Promise<void> {
    if (role === 'voter' && memberId !== undefined) await this.promote(memberId);
  }

  /**
   * Gives every copy its vote that shall have one and is complete. Whoever let it in may have died before it could do that:
   * the engine would stay half built. Names those that are voters now.
   */
  async promoteReady(): Promise<readonly string[]> {
    const members = await this.members();
    const promoted: string[] = [];
    for (const { id, name, isLearner } of members) {
      if (!isLearner || members.length <= loneCopies) continue;
      try {
        await this.#call(methods.memberPromote, encodeMemberId(id), true);
        promoted.push(name);
      } catch (error) {
        // Not complete yet, or taken out meanwhile: the next look tells.
        if (!(error instanceof RpcError)) throw error;
      }
    }
    return promoted;
  }

  /** Waits until the learner has a complete copy. @throws EngineError ENGINE_FAILED, Unavailable */
  async promote(memberId: string): Promise<void> {
    try {
      // The engine is busy meanwhile, with the copy for one thing: a vote may be given twice.
      const promote = (): Promise<Buffer> => this.#call(methods.memberPromote, encodeMemberId(memberId), true);
      await this.#untilTaken(catchUpWithinMs, promote);
    } catch (error) {
      // `promoteReady` was faster.
      if (!(error instanceof Error && error.message.includes('can only promote a learner'))) throw error;
    }
  }

  /** Nothing happens when it is out already. Its data is worthless from then on. */
  async remove(memberId: string): Promise<void> {
    try {
      // Also where it is not certain whether it is done: the engine that was asked may be the one that goes.
      const remove = (): Promise<Buffer> => this.#call(methods.memberRemove, encodeMemberId(memberId), true);
      await this.#untilTaken(changeWithinMs, remove);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Hands the lead to another voter, so that this one can be stopped without an election. */
  async moveLead(from: EngineMember, to: EngineMember): Promise<void> {
    await this.#ask(from, methods.moveLeader, encodeMoveLeader(to.id), statusTimeoutMs);
  }

  /** Gives the disk back what the history has left; the engine of that member does not answer meanwhile. */
  async defragment(member: EngineMember): Promise<void> {
    await this.#ask(member, methods.defragment, nothing, defragmentTimeoutMs);
  }

  /** The engine was full and has room again: lets it take changes. */
  async disarmNoSpace(): Promise<void> {
    await this.#call(methods.alarm, encodeDisarmNoSpace(), true);
  }

  close(): void {
    this.#client.close();
  }

  async #call(method: string, request: Uint8Array, mayRepeat: boolean): Promise<Buffer> {
    return (await this.#client.call(method, request, { mayRepeat, isBulk: true })).bytes;
  }

  /** As a learner. Where it is not certain whether that was done, the engine's list of members tells. */
  #add(peer: EnginePeer): Promise<MemberAdded> {
    const request = encodeMemberAdd(urlOf(peer), true);
    let isDoubtful = false;
    return this.#untilTaken(changeWithinMs, async () => {
      if (isDoubtful) {
        const members = await this.members();
        const added = members.find(({ peerUrls }) => peerUrls.includes(urlOf(peer)));
        if (added !== undefined) return { id: added.id, members };
      }
      try {
        return decodeMemberAdded(await this.#call(methods.memberAdd, request, false));
      } catch (error) {
        isDoubtful ||= error instanceof Unavailable || isThere(error);
        throw error;
      }
    });
  }

  /** The engine refuses changes of its members while it is not sure of them; and it may be slow. */
  async #untilTaken<T>(withinMs: number, change: () => Promise<T>): Promise<T> {
    const deadlineMs = this.#clock.nowMs() + withinMs;
    for (;;) {
      try {
        return await change();
      } catch (error) {
        if (!isPassing(error)) throw judged(error);
        if (this.#clock.nowMs() >= deadlineMs) {
          const why = reasonOf(error);
          const text = `the engine has not taken the change for ${withinMs / 1_000} s: ${why}`;
          throw new EngineError('ENGINE_FAILED', text, { cause: error });
        }
      }
      await new Promise<void>((resolve) => void this.#clock.after(pauseMs, resolve));
    }
  }

  async #ask(member: EngineMember, method: string, request: Uint8Array, timeoutMs: number): Promise<Buffer> {
    const { http2, clock, tls } = this.#options;
    const address = new URL(member.clientUrls[0] ?? 'https://invalid');
    const host = address.hostname.replace(/^\[|\]$/g, '');
    const endpoint = new Endpoint({ host, port: Number(address.port), http2, clock, tls });
    try {
      return await endpoint.unary(method, request, timeoutMs);
    } catch (error) {
      throw judged(error);
    } finally {
      endpoint.close();
    }
  }
}

const urlOf = ({ host, peerPort }: EnginePeer): string => url(host, peerPort);

function peerOf({ name, peerUrls }: EngineMember): EnginePeer {
  const address = new URL(peerUrls[0] ?? 'https://invalid');
  return { name, host: address.hostname.replace(/^\[|\]$/g, ''), peerPort: Number(address.port) };
}

const tooSoon = /unhealthy cluster|not enough started members|in sync with leader|too many learner members/;

/** The same order may be taken a moment later. */
function isPassing(error: unknown): boolean {
  if (error instanceof Unavailable) return !(error instanceof Forbidden);
  return error instanceof RpcError && (tooSoon.test(error.message) || isThere(error));
}

/** An earlier try of the same order was done after all. */
const isThere = (error: unknown): boolean =>
  error instanceof RpcError && /Peer URLs already exists|member ID already exist/i.test(error.message);

function isNotFound(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof RpcError && cause.status === status.notFound;
}
