import type { Bus, BusHandler, MemberBoot, MemberId } from '#cluster';

interface Place {
  readonly boot: string;
  readonly services: Map<string, BusHandler>;
}

/** Calls between members of one loop. What is said crosses as JSON, as on a real bus. */
export class LoopBus {
  readonly #members = new Map<MemberId, Place>();

  bus(self: MemberBoot): Bus {
    const services = new Map<string, BusHandler>();
    this.#members.set(self.member, { boot: self.boot, services });
    return {
      self,
      call: async (to, service, body) => {
        const handler = this.#find(to)?.get(service);
        if (handler === undefined) throw new Error('gone');
        return asJson(await handler(asJson(body), self));
      },
      serve: (service, handler) => {
        services.set(service, handler);
        return () => services.delete(service);
      },
      send: () => undefined,
      links: () => [],
      onLink: () => () => undefined,
      stop: () => Promise.resolve(),
    };
  }

  /** Nobody reaches it any more. */
  cut({ member }: MemberBoot): void {
    this.#members.delete(member);
  }

  #find(to: MemberId | MemberBoot): Place['services'] | undefined {
    if (typeof to === 'string') return this.#members.get(to)?.services;
    const place = this.#members.get(to.member);
    return place?.boot === to.boot ? place.services : undefined;
  }
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
