import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import type { TransportListener } from '../transport/transport-layer.ts';
import { defaultPort } from '../transport/transport-name.ts';
import type { FarmWarning } from './resolve-farm.ts';

/** What all branches of the farm begin with. */
const ours = 'z9hG4bKhf';
/** One may be a telephone that makes something up. */
const enough = 3;
const spanMs = 60_000;

/**
 * Finds out that a load balancer binds senders: it then changes the *port* that some of our requests come from, and their
 * answers say so (RFC 3581 `rport` in our own Via). Answers to others leave by such ports, too, and telephones behind
 * firewalls never see them. A balancer that changes addresses only is as it should be.
 */
export class BindingDetector {
  readonly #nowMs: () => number;
  readonly #found: (warning: FarmWarning) => void;
  #count = 0;
  #sinceMs = -Infinity;
  #isTold = false;

  constructor(nowMs: () => number, found: (warning: FarmWarning) => void) {
    this.#nowMs = nowMs;
    this.#found = found;
  }

  /** The same listener, with this looking on. */
  around(listener: TransportListener): TransportListener {
    return {
      message: (message, hop) => {
        if (!message.isRequest) this.response(message, hop);
        listener.message(message, hop);
      },
      bad: (bad, hop) => listener.bad(bad, hop),
      flowEnded: (hop) => listener.flowEnded(hop),
      // Those that go on to other members as they came are not looked at: a third of all is enough.
      datagram: (bytes, hop) => listener.datagram?.(bytes, hop) === true,
    };
  }

  response(message: SipMessage, { transport }: Hop): void {
    if (this.#isTold || transport !== 'udp') return;
    const via = message.topVia();
    if (via?.rport === undefined || via.rport === 0 || via.branch?.startsWith(ours) !== true) return;
    const port = via.port ?? defaultPort.udp;
    if (via.rport === port) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#sinceMs > spanMs) {
      this.#count = 0;
      this.#sinceMs = nowMs;
    }
    if (++this.#count < enough) return;
    this.#isTold = true;
    this.#found({
      code: 'balancer-binds',
      text: `the load balancer binds senders: requests that left by port ${port} arrived from port ${via.rport} (${via.received ?? via.host}). Answers that leave so are lost for telephones behind firewalls: turn off session binding for UDP ("hubfarm lb config" says how)`,
    });
  }
}
