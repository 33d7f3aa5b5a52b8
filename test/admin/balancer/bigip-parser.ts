/** Stanzas of BIG-IP configuration: `head { lines and more stanzas }`, and lines outside of any. */
export interface Stanza {
  readonly head: string;
  readonly body: readonly (string | Stanza)[];
}

export function parseStanzas(text: string): readonly (string | Stanza)[] {
  const lines = text.split('\n').map((line) => line.trim());
  const read = (): (string | Stanza)[] => {
    const items: (string | Stanza)[] = [];
    for (let line = lines.shift(); line !== undefined && line !== '}'; line = lines.shift()) {
      if (line === '' || line.startsWith('#')) continue;
      items.push(line.endsWith('{') ? { head: line.slice(0, -1).trim(), body: read() } : line);
    }
    return items;
  };
  return read();
}

/** What a BIG-IP does with it, as far as it is about load balancing. */
export interface BigIp {
  readonly vlan: { readonly tag: string; readonly interfaces: readonly string[] };
  readonly self: { readonly address: string; readonly netmask: string; readonly isOnVlan: boolean };
  readonly gateway: string;
  readonly monitor: { readonly from: string; readonly destination: string };
  readonly profile: readonly string[];
  /** Of the pool that the virtual server uses. */
  readonly members: readonly string[];
  readonly poolMonitors: readonly string[];
  readonly nodeMonitor: string;
  readonly virtualAddress: { readonly address: string; readonly settings: readonly string[] };
  readonly virtual: readonly string[];
}

/** Names of monitors, pools and profiles are ours to choose: they are followed, and replaced by what they stand for. */
export function parseBigIp(text: string): BigIp {
  const items = parseStanzas(text.replaceAll(/^bigip\w*\.conf:$/gm, ''));
  const stanzas = items.filter((item): item is Stanza => typeof item !== 'string');
  const one = (start: string, skip: readonly string[] = []): { name: string; lines: string[] } => {
    const found = stanzas.find(({ head }) => head.startsWith(start) && !skip.some((other) => head.startsWith(other)));
    if (found === undefined) throw new Error(`no ${start}`);
    const lines = found.body.filter((item): item is string => typeof item === 'string');
    return { name: found.head.slice(start.length), lines };
  };
  const value = (lines: readonly string[], key: string): string =>
    lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
  const after = (lines: readonly string[], key: string): string[] => lines.slice(lines.indexOf(key) + 1).sort();
  const vlan = one('vlan ');
  const self = one('self ', ['self allow']);
  const monitor = one('monitor ');
  const profile = one('profile fastL4 ');
  const virtual = one('virtual ', ['virtual address']);
  const pool = one(`pool ${value(virtual.lines, 'pool')}`);
  const address = one('virtual address ');
  const named = (line: string): string =>
    line
      .replace(monitor.name, 'MONITOR')
      .replace(profile.name, 'PROFILE')
      .replace(value(virtual.lines, 'pool'), 'POOL');
  return {
    vlan: { tag: value(vlan.lines, 'tag'), interfaces: after(vlan.lines, 'interfaces') },
    self: {
      address: self.name,
      netmask: value(self.lines, 'netmask'),
      isOnVlan: value(self.lines, 'vlan') === vlan.name,
    },
    gateway: value(one('route default inet').lines, 'gateway'),
    monitor: {
      from: value(monitor.lines, 'defaults from'),
      destination: value(monitor.lines, 'dest').replace('smtp', '25'),
    },
    profile: [...profile.lines].sort(),
    members: after(pool.lines, 'members'),
    poolMonitors: value(pool.lines, 'monitor all').split(' and ').map(named).sort(),
    nodeMonitor: named(
      items.find((item): item is string => typeof item === 'string' && item.startsWith('node ')) ?? '',
    ),
    virtualAddress: { address: address.name, settings: [...address.lines].sort() },
    virtual: virtual.lines.map(named).sort(),
  };
}
