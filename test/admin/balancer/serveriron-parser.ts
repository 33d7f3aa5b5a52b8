/** What a ServerIron does with a startup configuration, as far as it is about load balancing. */
export interface ServerIron {
  predictor: string;
  readonly reals: Map<string, { address: string; weight: number; ports: Set<string>; keptAlive: Set<string> }>;
  readonly virtuals: Map<string, Virtual>;
  readonly addressing: Map<string, string>;
  /** Lines that nobody here understands. */
  readonly unknown: string[];
}

interface Virtual {
  predictor: string;
  readonly ports: Set<string>;
  readonly dsr: Set<string>;
  readonly stateless: Set<string>;
  readonly sticky: Set<string>;
  /** Virtual port → the `real port` pairs behind it. */
  readonly bound: Map<string, Set<string>>;
}

export function parseServerIron(text: string): ServerIron {
  const parsed: ServerIron = {
    predictor: '',
    reals: new Map(),
    virtuals: new Map(),
    addressing: new Map(),
    unknown: [],
  };
  let real: ReturnType<ServerIron['reals']['get']>;
  let virtual: Virtual | undefined;
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const [first = '', second = '', third = '', fourth = ''] = words;
    if (first === '' || first.startsWith('!') || first === 'end') continue;
    if (!line.startsWith(' ')) real = virtual = undefined;
    if (first === 'server' && second === 'predictor') parsed.predictor = third;
    else if (first === 'server' && second === 'real') {
      real = { address: fourth, weight: 1, ports: new Set(), keptAlive: new Set() };
      parsed.reals.set(third, real);
    } else if (first === 'server' && second === 'virtual') {
      virtual = {
        predictor: '',
        ports: new Set(),
        dsr: new Set(),
        stateless: new Set(),
        sticky: new Set(),
        bound: new Map(),
      };
      parsed.virtuals.set(fourth, virtual);
    } else if (real !== undefined && first === 'port') {
      (third === 'keepalive' ? real.keptAlive : real.ports).add(second);
    } else if (real !== undefined && first === 'weight') real.weight = Number(second);
    else if (virtual !== undefined && first === 'predictor') virtual.predictor = second;
    else if (virtual !== undefined && first === 'port' && third === '') virtual.ports.add(second);
    else if (
      virtual !== undefined &&
      first === 'port' &&
      (third === 'dsr' || third === 'stateless' || third === 'sticky')
    )
      virtual[third].add(second);
    else if (virtual !== undefined && first === 'bind') {
      const pairs = words.slice(2).flatMap((word, at, all) => (at % 2 === 0 ? [`${word} ${all[at + 1] ?? ''}`] : []));
      virtual.bound.set(second, new Set([...(virtual.bound.get(second) ?? []), ...pairs]));
    } else if (first === 'ip') parsed.addressing.set(second, words.slice(2).join(' '));
    else parsed.unknown.push(line);
  }
  return parsed;
}
