import { silentLogger, type Logger } from '#base';
import { parseSipUri } from '../message/sip-uri.ts';
import type { Hop } from '../transport/hop.ts';
import type { Binding } from './binding.ts';
import type { LocationChange, LocationService } from './location-service.ts';
import type { RegistrationOwner } from './registrar.ts';

export interface FlowBindingsOptions {
  readonly location: Pick<LocationService, 'onChange' | 'lookup'>;
  readonly owner: Pick<RegistrationOwner, 'end'>;
  /** As bindings name this member. */
  readonly member: string;
  readonly logger?: Logger;
}

/**
 * Ends registrations whose connection has ended, where nothing else leads there (RFC 5626 §5.3): their telephones are not
 * there any more for callers and watchers, and the other flows of an instance come to their turn. A telephone that
 * listens itself can be reached by a new connection, and stays registered.
 */
export class FlowBindings {
  readonly #options: FlowBindingsOptions;
  readonly #logger: Logger;
  /** Accounts that have registered by a connection of this member, by its number. */
  readonly #accounts = new Map<number, Set<string>>();
  readonly #unlisten: () => void;

  constructor(options: FlowBindingsOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#unlisten = options.location.onChange((change) => this.#changed(change));
  }

  stop(): void {
    this.#unlisten();
    this.#accounts.clear();
  }

  /** A connection of this member has ended. */
  ended({ connectionId }: Pick<Hop, 'connectionId'>): void {
    const accounts = this.#accounts.get(connectionId);
    this.#accounts.delete(connectionId);
    const { location, owner, member } = this.#options;
    for (const aor of accounts ?? []) {
      for (const binding of location.lookup(aor)) {
        if (this.#connectionOf(binding) !== connectionId || !isFlowOnly(binding)) continue;
        owner.end(aor, binding.uri, { member, connectionId }).catch((error: unknown) => {
          this.#logger.debug(
            { aor, err: error },
            'a registration whose connection has ended stays until its time is up',
          );
        });
      }
    }
  }

  #changed(change: LocationChange): void {
    if (change.isRefresh === true) return;
    const { aor, before, after } = change;
    for (const binding of before) {
      const id = this.#connectionOf(binding);
      if (id === 0 || after.some((other) => this.#connectionOf(other) === id)) continue;
      const accounts = this.#accounts.get(id);
      accounts?.delete(aor);
      if (accounts?.size === 0) this.#accounts.delete(id);
    }
    for (const binding of after) {
      const id = this.#connectionOf(binding);
      if (id === 0) continue;
      const accounts = this.#accounts.get(id);
      if (accounts === undefined) this.#accounts.set(id, new Set([aor]));
      else accounts.add(aor);
    }
  }

  /** 0: none, or another member's. */
  #connectionOf({ flow }: Binding): number {
    return flow === undefined || flow.member !== this.#options.member ? 0 : flow.connectionId;
  }
}

/** Nobody listens at the other end: behind a NAT, WebSocket (RFC 7118 §5), outbound (RFC 5626 §5.3). */
function isFlowOnly({ flow, path, isBehindNat, regId, uri }: Binding): boolean {
  if (flow === undefined || path.length > 0) return false;
  if (isBehindNat || regId > 0 || flow.transport === 'ws' || flow.transport === 'wss') return true;
  return parseSipUri(uri)?.host.endsWith('.invalid') === true;
}
