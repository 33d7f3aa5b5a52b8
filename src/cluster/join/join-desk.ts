import { reasonOf } from '#base';
import type { ByteStream } from '#io';
import { AttemptGuard } from './attempt-guard.ts';
import { decodeMemberMessage, type MemberMessage } from './codec/member-message.ts';
import { JoinChannel, ChannelError } from './join-channel.ts';
import { joinProtocol, sessionBinding } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';
import type { DeskCluster, JoinDeskDeps, Visit } from './join-visit.ts';
import { letIn } from './let-in.ts';
import { letGo } from './let-go.ts';
import { provePassword } from './prove-password.ts';
import { Refusal, refusals } from './refusal.ts';

/**
 * The controller's side of joining and leaving: listeners give it the connections that speak `joinAlpn`. Every server has
 * one; those that are no controller say so, and who is.
 */
export class JoinDesk {
  readonly #deps: JoinDeskDeps;
  readonly #guard: AttemptGuard;
  readonly #streams = new Set<ByteStream>();
  readonly #namesInHand = new Set<string>();
  #isStopping = false;

  constructor(deps: JoinDeskDeps, guard = new AttemptGuard(deps.clock)) {
    this.#deps = deps;
    this.#guard = guard;
  }

  /** Takes the connection over. It never throws. */
  accept(stream: ByteStream): void {
    if (this.#isStopping) {
      stream.close();
      return;
    }
    this.#streams.add(stream);
    void this.#attend(stream).finally(() => this.#streams.delete(stream));
  }

  stop(): void {
    this.#isStopping = true;
    for (const stream of this.#streams) stream.destroy();
  }

  async #attend(stream: ByteStream): Promise<void> {
    const { clock, logger } = this.#deps;
    const { address } = stream.remote;
    const channel = new JoinChannel(stream, clock, decodeMemberMessage);
    const attempt = this.#guard.begin(address);
    try {
      if (attempt.kind === 'blocked') throw refusals.blocked(attempt.forMs);
      if (attempt.kind === 'busy') throw refusals.busy();
      await this.#talk(stream, channel);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined;
      const isNoise = error instanceof ChannelError;
      if (refusal !== undefined) channel.send({ kind: 'refused', ...refusal.answer });
      else if (!isNoise) channel.send({ kind: 'refused', ...refusals.internal().answer });
      const why = reasonOf(error);
      logger.warn({ address, ...((refusal ?? isNoise) ? {} : { err: error }) }, `a server did not join: ${why}`);
    } finally {
      if (attempt.kind === 'go') attempt.end();
      channel.close();
    }
  }

  async #talk(stream: ByteStream, channel: JoinChannel<MemberMessage>): Promise<void> {
    const hello = await channel.next(joinTimes.earlyMs);
    if (hello.kind !== 'hello') throw refusals.outOfTurn(hello.kind);
    if (hello.protocol !== joinProtocol) throw refusals.version(hello, this.#deps.version);
    const session = sessionBinding(stream);
    if (session === undefined) throw refusals.notBound();
    const cluster = this.#cluster();
    const visit: Visit = { stream, channel, hello, session, namesInHand: this.#namesInHand };
    if (hello.intent === 'leave') {
      await letGo(this.#deps, cluster, visit);
      return;
    }
    await provePassword({ ...this.#deps, guard: this.#guard }, cluster, visit);
    channel.trust();
    await letIn(this.#deps, cluster, visit);
  }

  #cluster(): DeskCluster {
    const standing = this.#deps.standing();
    switch (standing.kind) {
      case 'controller':
        return standing.cluster;
      case 'standalone':
        throw refusals.standalone();
      case 'member':
        throw refusals.notController(standing.controller);
      case 'notReady':
        throw refusals.notReady(standing.why);
    }
  }
}
