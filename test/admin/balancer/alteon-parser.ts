/** What an Alteon does with a script, as far as it is about load balancing. */
export interface Alteon {
  readonly isBalancing: boolean;
  readonly interface: Readonly<Record<string, string>>;
  readonly gateway: string;
  readonly dns: string;
  readonly timeServer: string;
  readonly system: Readonly<Record<string, string>>;
  /** By number. */
  readonly reals: Readonly<Record<string, { address: string; ports: readonly string[]; substitutesMac: boolean }>>;
  readonly clientPorts: readonly string[];
  readonly serverPorts: readonly string[];
  readonly virtualAddress: string;
  readonly services: Readonly<Record<string, AlteonService>>;
}

export interface AlteonService {
  /** Numbers of the real servers in its group. */
  readonly reals: readonly string[];
  readonly metric: string;
  readonly hasUdp: boolean;
  readonly isStateless: boolean;
  readonly isDsr: boolean;
}

type Lines = readonly (readonly string[])[];

/** Menu → the commands that are given in it. */
function menus(text: string): ReadonlyMap<string, Lines> {
  const found = new Map<string, (readonly string[])[]>();
  let menu = '/';
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('/*') || trimmed.startsWith('script ')) continue;
    if (trimmed.startsWith('/')) {
      menu = trimmed;
      found.set(menu, found.get(menu) ?? []);
    } else {
      found.get(menu)?.push(trimmed.split(/\s+/));
    }
  }
  return found;
}

const valueOf = (commands: Lines | undefined, name: string): string =>
  commands
    ?.find(([first]) => first === name)
    ?.slice(1)
    .join(' ')
    .replaceAll('"', '') ?? '';
const valuesOf = (commands: Lines | undefined, name: string): string[] =>
  (commands ?? [])
    .filter(([first]) => first === name)
    .map((words) => words.slice(1).join(' '))
    .sort();
const has = (commands: Lines | undefined, line: string): boolean =>
  (commands ?? []).some((words) => words.join(' ') === line);

export function parseAlteon(text: string): Alteon {
  const found = menus(text);
  const under = (start: string): (readonly [string, Lines])[] =>
    [...found]
      .filter(([menu]) => menu.startsWith(start))
      .map(([menu, commands]) => [menu.slice(start.length), commands]);
  const group = (number: string): Lines | undefined => found.get(`/c/slb/group ${number}`);
  const isEnabled = ([, commands]: readonly [string, Lines]): boolean => has(commands, 'ena');
  const pick = (commands: Lines | undefined, ...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, valueOf(commands, name)]));
  const ports = (side: string): string[] =>
    under('/c/slb/port ')
      .filter(([, commands]) => has(commands, `${side} ena`))
      .map(([number]) => number);
  return {
    isBalancing: has(found.get('/c/slb'), 'on'),
    interface: pick(found.get('/c/ip/if 1'), 'addr', 'mask', 'broad'),
    gateway: valueOf(found.get('/c/ip/gw 1'), 'addr'),
    dns: valueOf(found.get('/c/ip/dns'), 'prima'),
    timeServer: valueOf(found.get('/c/sys/ntp'), 'server'),
    system: pick(found.get('/c/sys'), 'smtp', 'mnet', 'mmask'),
    reals: Object.fromEntries(
      under('/c/slb/real ')
        .filter(isEnabled)
        .map(([number, commands]) => [
          number,
          {
            address: valueOf(commands, 'rip'),
            ports: valuesOf(commands, 'addport'),
            substitutesMac: has(commands, 'submac ena'),
          },
        ]),
    ),
    clientPorts: ports('client'),
    serverPorts: ports('server'),
    virtualAddress: valueOf(found.get('/c/slb/virt 1'), 'vip'),
    services: Object.fromEntries(
      under('/c/slb/virt 1/service ').map(([name, commands]) => {
        const number = valueOf(commands, 'group');
        const service: AlteonService = {
          reals: valuesOf(group(number), 'add'),
          // Web OS takes the one with the fewest connections unless told otherwise.
          metric: valueOf(group(number), 'metric') || 'leastconns',
          hasUdp: has(commands, 'udp enabled') || has(commands, 'udp stateless'),
          isStateless: has(commands, 'udp stateless'),
          isDsr: has(commands, 'nonat ena'),
        };
        return [name, service];
      }),
    ),
  };
}
