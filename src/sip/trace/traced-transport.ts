import { addressAndPort, hopText } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { MessageTrace } from './message-trace.ts';

const targetText = ({ transport, address, port }: Target): string => `${transport} ${addressAndPort(address, port)}`;

/** The same transport, with `trace` looking on. */
export function tracedTransport(transport: TransportLayer, trace: MessageTrace): TransportLayer {
  return {
    listen: (listener) =>
      transport.listen({
        message: (message, hop) => {
          if (trace.isLooking) trace.received(message, hopText(hop));
          listener.message(message, hop);
        },
        bad: (bad, hop) => listener.bad(bad, hop),
        flowEnded: (hop) => listener.flowEnded(hop),
        // What is looked at goes the way on which it can be.
        datagram: (bytes, hop) => !trace.isLooking && listener.datagram?.(bytes, hop) === true,
      }),
    respond: (bytes, hop, via) => {
      if (trace.isLooking) trace.sent(bytes, hopText(hop));
      transport.respond(bytes, hop, via);
    },
    send: (bytes, target, failed) => {
      if (trace.isLooking) trace.sent(bytes, targetText(target));
      transport.send(bytes, target, failed);
    },
    viaFor: (target) => transport.viaFor(target),
    isOwnAddress: (host, port, name) => transport.isOwnAddress(host, port, name),
    hasFlow: (connectionId, member) => transport.hasFlow(connectionId, member),
    figures: () => transport.figures(),
  };
}
