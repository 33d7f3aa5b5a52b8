import { isLoopback } from '#base';
import type { LocalSocket } from '../transport/local-sockets.ts';
import type { FarmMember, FarmSocket } from './farm-membership.ts';

const anyAddress = ['0.0.0.0', '::'];
const isIpv6 = (address: string): boolean => address.includes(':');

/**
 * Which UDP socket of this member sends as a socket of another one would: from the same address and port, as far as the
 * world outside sees. So the answer to what the other one received can leave from here.
 */
export class EqualSockets {
  readonly #listening: () => readonly LocalSocket[];
  readonly #balancer: () => 'none' | 'nat' | 'dsr';
  #sockets: readonly LocalSocket[] = [];
  readonly #found = new Map<string, number>();

  constructor(listening: () => readonly LocalSocket[], balancer: () => 'none' | 'nat' | 'dsr') {
    this.#listening = listening;
    this.#balancer = balancer;
  }

  /** Its id here; 0 = there is none. `self`, `holder`: this member, and whose socket it is. */
  find(self: FarmMember, holder: FarmMember, address: string, port: number): number {
    const sockets = this.#listening();
    if (sockets !== this.#sockets || this.#found.size > 256) {
      this.#sockets = sockets;
      this.#found.clear();
    }
    const balancer = this.#balancer();
    const key = `${holder.machine} ${address} ${port} ${balancer}`;
    let id = this.#found.get(key);
    if (id === undefined) {
      id = this.#look(self.machine === holder.machine, { address, port }, balancer);
      this.#found.set(key, id);
    }
    return id;
  }

  #look(isSameMachine: boolean, { address, port }: Pick<FarmSocket, 'address' | 'port'>, balancer: string): number {
    const ofPort = this.#sockets.filter(({ transport, local }) => transport === 'udp' && local.port === port);
    const isOfMachine = anyAddress.includes(address) || isLoopback(address);
    // An address of its own on two machines is that of a load balancer which changes nothing (direct server return).
    const same = isSameMachine || !isOfMachine ? ofPort.find(({ local }) => local.address === address) : undefined;
    if (same !== undefined) return same.id;
    if (balancer !== 'nat' || isLoopback(address)) return 0;
    return ofPort.find(({ local }) => isIpv6(local.address) === isIpv6(address) && !isLoopback(local.address))?.id ?? 0;
  }
}
