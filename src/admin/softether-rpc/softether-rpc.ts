import {
  ErrorCode,
  Pack,
  type AdminChannel,
  type AdminConnectionHandler,
  type AdminConversation,
  type AdminLogin,
} from '#softether';
import type { Caller } from '../operations/caller.ts';
import type { AdminContext } from '../operations/context.ts';
import { invoke } from '../operations/invoke.ts';
import { operations } from '../operations/table.ts';
import { decodePack, encodePack } from '../schema/pack.ts';

/**
 * The administration face that vpncmd and Server Manager speak: PACK in, PACK out, over a connection whose log-in,
 * framing and order (one request, one answer) the softether module looks after.
 */
export class SoftEtherRpc implements AdminConnectionHandler {
  readonly #context: AdminContext;

  constructor(context: AdminContext) {
    this.#context = context;
  }

  open(login: AdminLogin, channel: AdminChannel): AdminConversation {
    return new RpcConversation(this.#context, login, channel);
  }
}

class RpcConversation implements AdminConversation {
  readonly #context: AdminContext;
  readonly #channel: AdminChannel;
  readonly #caller: Caller;
  /** When the administered hub was made: one of the same name made later is not theirs. */
  readonly #hubCreatedAtMs: number | undefined;
  #isClosed = false;

  constructor(context: AdminContext, login: AdminLogin, channel: AdminChannel) {
    this.#context = context;
    this.#channel = channel;
    this.#caller = { ...login, remoteAddress: channel.remote.address, face: 'softether-rpc' };
    if (login.role === 'hub') this.#hubCreatedAtMs = context.directory.hub(login.hubName)?.createdAtMs;
  }

  receive(pack: Pack): void {
    this.#answer(pack).then(
      (answer) => {
        if (!this.#isClosed) this.#channel.send(answer);
      },
      (error: unknown) => {
        this.#context.logger.error({ err: error, function: pack.str('function_name') }, 'admin RPC answer failed');
        if (!this.#isClosed) this.#channel.send(errorPack(ErrorCode.INTERNAL_ERROR));
      },
    );
  }

  closed(): void {
    this.#isClosed = true;
  }

  async #answer(pack: Pack): Promise<Pack> {
    const operation = operations.get(pack.str('function_name'));
    if (operation === undefined || operation.faces === 'json') return errorPack(ErrorCode.NOT_SUPPORTED);
    if (this.#isOfAnotherHub()) return errorPack(ErrorCode.NOT_ENOUGH_RIGHT);
    const input = decodePack(operation.input, pack);
    const outcome = await invoke(this.#context, operation, input, this.#caller);
    return outcome.kind === 'done'
      ? encodePack(operation.output, outcome.output as never)
      : errorPack(outcome.refusal.error);
  }

  #isOfAnotherHub(): boolean {
    if (this.#caller.role !== 'hub') return false;
    return this.#context.directory.hub(this.#caller.hubName)?.createdAtMs !== this.#hubCreatedAtMs;
  }
}

function errorPack(error: number): Pack {
  return new Pack().setInt('error', error);
}
