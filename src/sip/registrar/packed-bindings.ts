import { fourAt, TextPacker, TextReader, twoAt } from '../accounts/packed-text.ts';
import { fromWireText, toWireText } from '../message/characters.ts';
import { transportNames } from '../transport/transport-name.ts';
import type { Binding, BindingFlow } from './binding.ts';

/**
 * The bindings of one account as one text, of one byte a character: 200 bytes where objects take 700.
 *
 *     2  how many, and `WIDE`           4  when the first of them expires
 *     of each binding:
 *     1  flags                          4  expiresAtS         4  grantedS       4  keptUntilS
 *     4  cseq                           2  q
 *     with `isByFlow`: 4 regId
 *     with `hasFlow`: 2 port, 4 socketId, with `hasConnection` 7 connectionId, texts: member, address
 *     texts: uri, callId, userAgent, params, instance, with `hasPath` 1 how many hops, and those
 */
export type PackedBindings = string;

export const bindingFlags = {
  isBehindNat: 1,
  hasFlow: 2,
  /** Three bits: which of `transportNames`. */
  transportShift: 2,
  hasConnection: 32,
  isByFlow: 64,
  hasPath: 128,
} as const;
/** Texts are UTF-8, since one of them has characters above one byte. */
const WIDE = 0x8000;
const TRANSPORT_MASK = 7;
const EXPIRY_AT = 2;
const BINDINGS_AT = 6;
const noPath: readonly string[] = Object.freeze([]);

export const countOf = (packed: PackedBindings): number => twoAt(packed, 0) & ~WIDE;

/** Unix seconds. */
export const firstExpiryS = (packed: PackedBindings): number => fourAt(packed, EXPIRY_AT);

export function unpackBindings(packed: PackedBindings): Binding[] {
  const reader = new TextReader(packed, BINDINGS_AT);
  const bindings: Binding[] = [];
  for (let left = countOf(packed); left > 0; left--) bindings.push(readBinding(reader));
  return (twoAt(packed, 0) & WIDE) === 0 ? bindings : bindings.map((binding) => mapped(binding, fromWireText));
}

function readBinding(reader: TextReader): Binding {
  const flags = reader.byte();
  const expiresAtS = reader.four();
  const grantedS = reader.four();
  const keptUntilS = reader.four();
  const cseq = reader.four();
  const q = reader.two();
  const regId = (flags & bindingFlags.isByFlow) === 0 ? 0 : reader.four();
  const flow = (flags & bindingFlags.hasFlow) === 0 ? undefined : readFlow(reader, flags);
  const uri = reader.text();
  const callId = reader.text();
  const userAgent = reader.text();
  const params = reader.text();
  const instance = reader.text();
  const hops = (flags & bindingFlags.hasPath) === 0 ? 0 : reader.byte();
  const path = hops === 0 ? noPath : Array.from({ length: hops }, () => reader.text());
  const isBehindNat = (flags & bindingFlags.isBehindNat) !== 0;
  return {
    uri,
    params,
    q,
    expiresAtS,
    grantedS,
    keptUntilS,
    callId,
    cseq,
    instance,
    regId,
    path,
    flow,
    isBehindNat,
    userAgent,
  };
}

function readFlow(reader: TextReader, flags: number): BindingFlow {
  const transport = transportNames[(flags >> bindingFlags.transportShift) & TRANSPORT_MASK]!;
  const port = reader.two();
  const socketId = reader.four();
  const connectionId = (flags & bindingFlags.hasConnection) === 0 ? 0 : reader.seven();
  const member = reader.text();
  return { member, transport, address: reader.text(), port, socketId, connectionId };
}

function mapped(binding: Binding, change: (text: string) => string): Binding {
  const { uri, callId, userAgent, params, instance, path, flow } = binding;
  return {
    ...binding,
    uri: change(uri),
    callId: change(callId),
    userAgent: change(userAgent),
    params: change(params),
    instance: change(instance),
    path: path.map(change),
    flow: flow && { ...flow, member: change(flow.member), address: change(flow.address) },
  };
}

/** Writes them; one for many, since it has the memory to do so. */
export class BindingPacker {
  readonly #out = new TextPacker();

  pack(bindings: readonly Binding[]): PackedBindings {
    return (
      this.#packed(bindings, 0) ??
      this.#packed(
        bindings.map((one) => mapped(one, toWireText)),
        WIDE,
      ) ??
      ''
    );
  }

  #packed(bindings: readonly Binding[], mark: number): PackedBindings | undefined {
    const out = this.#out;
    out.begin();
    out.two(bindings.length | mark);
    let firstS = Number.POSITIVE_INFINITY;
    for (const { expiresAtS } of bindings) firstS = Math.min(firstS, expiresAtS);
    out.four(firstS);
    for (const binding of bindings) this.#binding(binding);
    return out.isWide ? undefined : out.finish();
  }

  #binding({ flow, path, regId, ...binding }: Binding): void {
    const out = this.#out;
    let flags = binding.isBehindNat ? bindingFlags.isBehindNat : 0;
    if (flow !== undefined) {
      flags |= bindingFlags.hasFlow | (transportNames.indexOf(flow.transport) << bindingFlags.transportShift);
      if (flow.connectionId !== 0) flags |= bindingFlags.hasConnection;
    }
    if (regId !== 0) flags |= bindingFlags.isByFlow;
    if (path.length > 0) flags |= bindingFlags.hasPath;
    out.byte(flags);
    out.four(binding.expiresAtS);
    out.four(binding.grantedS);
    out.four(binding.keptUntilS);
    out.four(binding.cseq);
    out.two(binding.q);
    if (regId !== 0) out.four(regId);
    if (flow !== undefined) this.#flow(flow);
    out.text(binding.uri);
    out.text(binding.callId);
    out.text(binding.userAgent);
    out.text(binding.params);
    out.text(binding.instance);
    if (path.length === 0) return;
    out.byte(path.length);
    for (const hop of path) out.text(hop);
  }

  #flow({ member, address, port, socketId, connectionId }: BindingFlow): void {
    const out = this.#out;
    out.two(port);
    out.four(socketId);
    if (connectionId !== 0) out.seven(connectionId);
    out.text(member);
    out.text(address);
  }
}
