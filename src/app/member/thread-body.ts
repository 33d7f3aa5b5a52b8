import { joinEmbedded } from '#backplane';
import { Lifecycle, reasonOf } from '#base';
import { memberIdOf, memberName } from '#cluster';
import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';
import type { RemoteCluster } from '../cluster/cluster-part.ts';
import { openAdminPassword } from '../cluster/cluster-password.ts';
import { fixedModes } from '../cluster/fixed-modes.ts';
import { createLogger } from '../log.ts';
import { IdleCollection } from '../idle-collection.ts';
import { MemberMetrics, samplesOf } from '../member-metrics.ts';
import type { ServerOptions } from '../server-options.ts';
import { assembleMember, type Member } from './assembly.ts';
import { MemberLines } from './member-lines.ts';
import { openOwnRecords } from './own-records.ts';
import { takeSeat } from './take-seat.ts';
import type { FromMember, MemberInput, ToMember } from './thread-messages.ts';

/** The body of the thread of a further member. It ends after `stop`, or when it could not start. */
export function run(port: ThreadPort, input: unknown): void {
  const thread = new MemberBody(port, input as MemberInput);
  port.receive((message, ends) => thread.hear(message as ToMember, ends));
}

class MemberBody {
  readonly #port: ThreadPort;
  readonly #input: MemberInput;
  readonly #options: ServerOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #lines = new MemberLines((message) => this.#post(message));
  #remote: RemoteCluster | undefined;
  #member: Member | undefined;

  constructor(port: ThreadPort, input: MemberInput) {
    const { config, packageVersion, seat, part } = input;
    this.#remote = part.remote;
    this.#port = port;
    this.#input = input;
    const io = createNodeIo();
    const writeRecord = (line: string): void => this.#post({ kind: 'log', line });
    const logger = createLogger({ level: config.log.level, clock: io.clock, writeRecord });
    const member = memberName(memberIdOf(part.serverName, seat.index));
    this.#options = {
      config,
      io,
      logger: logger.child({ self: member }),
      writeRecord,
      initialAdminPassword: undefined,
      engineProgram: '',
      packageVersion,
    };
  }

  hear(message: ToMember, ends: readonly ThreadPort[]): void {
    switch (message.kind) {
      case 'open':
        void this.#open(ends[0]);
        return;
      case 'measure':
        this.#post({ kind: 'measured', id: message.id, samples: samplesOf(this.#member?.metrics ?? []) });
        return;
      case 'ping':
        this.#post({ kind: 'pong' });
        return;
      case 'remote':
        this.#remote = message.remote;
        return;
      case 'line':
      case 'connected':
      case 'notConnected':
        this.#lines.hear(message, ends);
        return;
      case 'stop':
        void this.#stop();
    }
  }

  async #open(invitation: ThreadPort | undefined): Promise<void> {
    try {
      if (invitation === undefined) throw new Error('the member was started without a store');
      this.#member = await this.#assemble(invitation);
      this.#member.health.started();
      this.#post({ kind: 'up', listeners: this.#member.listeners(), sipListeners: this.#member.sipListeners() });
    } catch (error) {
      this.#post({ kind: 'failed', message: reasonOf(error) });
      await this.#stop();
    }
  }

  async #assemble(invitation: ThreadPort): Promise<Member> {
    const { clock, heap } = this.#options.io;
    const collection = new IdleCollection(clock, heap);
    await this.#lifecycle.start({ name: 'garbage collection', stop: () => collection.stop() });
    const store = await joinEmbedded(invitation, { clock, logger: this.#options.logger });
    await this.#lifecycle.start({ name: 'store', stop: () => store.close() });
    const own = await openOwnRecords(store, this.#options, this.#lifecycle);
    const { seat, part } = this.#input;
    const lines = this.#lines;
    const remote = (): RemoteCluster => this.#known();
    const seated = await takeSeat(this.#options, { seat, part, local: store, own, lines, remote }, this.#lifecycle);
    const { stores } = seated;
    const adminPassword = await openAdminPassword(part, stores, this.#options.logger, this.#lifecycle);
    const parts = { seat, ...seated, adminPassword, control: fixedModes(part), readsAll: part.isEligible };
    const member = await assembleMember(this.#options, parts, this.#lifecycle);
    const metrics = new MemberMetrics(memberName(memberIdOf(part.serverName, seat.index)), member.metrics);
    member.page.addAll(metrics.metrics);
    return member;
  }

  #known(): RemoteCluster {
    if (this.#remote === undefined) throw new Error('this server is in no cluster');
    return this.#remote;
  }

  async #stop(): Promise<void> {
    this.#member?.health.stopping('the server is stopping');
    for (const { name, error } of await this.#lifecycle.stop()) {
      this.#options.logger.error({ err: error }, `${name} did not stop in order`);
    }
    this.#port.close();
  }

  #post(message: FromMember): void {
    this.#port.post(message);
  }
}
