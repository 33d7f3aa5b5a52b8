import type { TransportName } from '../transport/transport-name.ts';
import type { Binding, BindingFlow } from './binding.ts';

/**
 * The bindings of one account as JSON: `["<writer>", [uri, params, q, keptUntil, granted, callId, cseq, instance, regId,
 * path, flow, nat, agent], …]`, flow = `[member, transport, address, port, socket, connection]` or 0. The writer stands first, at a
 * known place, so that a member tells its own writes without reading them.
 */
export function encodeBindings(writer: string, bindings: readonly Binding[]): string {
  const rows = bindings.map((binding) => {
    const { uri, params, q, keptUntilS, grantedS, callId, cseq, instance, regId, path, flow } = binding;
    const way = flow === undefined ? 0 : wayOf(flow);
    const nat = binding.isBehindNat ? 1 : 0;
    return [uri, params, q, keptUntilS, grantedS, callId, cseq, instance, regId, path, way, nat, binding.userAgent];
  });
  return JSON.stringify([writer, ...rows]);
}

const wayOf = ({ member, transport, address, port, socketId, connectionId }: BindingFlow): unknown[] => [
  ...[member, transport, address, port, socketId],
  ...(connectionId === 0 ? [] : [connectionId]),
];

/** Whether this writer wrote it. */
export function isWrittenBy(value: Uint8Array, writer: Uint8Array): boolean {
  if (value.length < writer.length + 3) return false;
  for (let at = 0; at < writer.length; at++) if (value[at + 2] !== writer[at]) return false;
  return true;
}

/** undefined = not such a record. */
export function decodeBindings(value: Uint8Array): Binding[] | undefined {
  let rows: unknown;
  try {
    rows = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(rows) || typeof rows[0] !== 'string') return undefined;
  const bindings: Binding[] = [];
  for (const row of rows.slice(1) as unknown[]) {
    const binding = bindingOf(row);
    if (binding === undefined) return undefined;
    bindings.push(binding);
  }
  return bindings;
}

/** Most have none: one for all. */
const noPath: readonly string[] = Object.freeze([]);
const transports: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function bindingOf(row: unknown): Binding | undefined {
  if (!Array.isArray(row) || row.length !== 13) return undefined;
  const [uri, params, q, keptUntilS, grantedS, callId, cseq, instance, regId, path, way, nat, userAgent] =
    row as unknown[];
  const flow = way === 0 ? undefined : flowOf(way);
  if (!isText(uri) || !isText(params) || !isText(callId) || !isText(instance) || !isText(userAgent)) return undefined;
  if (!isCount(q) || !isCount(keptUntilS) || !isCount(grantedS) || !isCount(cseq) || !isCount(regId)) return undefined;
  if (!Array.isArray(path) || !path.every(isText) || (way !== 0 && flow === undefined)) return undefined;
  return {
    uri,
    params,
    q,
    // How long the client's own time was prolonged since the write is not known.
    expiresAtS: keptUntilS,
    grantedS,
    keptUntilS,
    callId,
    cseq,
    instance,
    regId,
    path: path.length === 0 ? noPath : path,
    flow,
    isBehindNat: nat === 1,
    userAgent,
  };
}

function flowOf(way: unknown): BindingFlow | undefined {
  if (!Array.isArray(way)) return undefined;
  const [member, name, address, port, socketId, connectionId = 0] = way as unknown[];
  const transport = transports.find((one) => one === name);
  if (transport === undefined || !isText(member) || !isText(address)) return undefined;
  if (!isCount(port) || !isCount(socketId) || !isCount(connectionId)) return undefined;
  return { member, transport, address, port, socketId, connectionId };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
