import { parseIpAddress } from '#base';
import type { CommandResult, Commands, Console, Consoles, ConsoleSink, Netfilter } from '#io';
import { elementAnswer } from './element-answer.ts';

interface Element {
  readonly value: string;
  packets: number;
  bytes: number;
}

/**
 * What `nft -i` does with the commands of the relay: a line is one transaction; only listings and errors are answered. And the
 * kernel behind it, when it is asked for counters directly.
 */
export class FakeNft implements Consoles, Commands, Netfilter {
  /** By map, then by key. */
  maps = new Map<string, Map<string, Element>>();
  fence = 0;
  hasTable = false;
  /** Of lines that changed something. */
  readonly transactions: string[] = [];
  opened = 0;
  /** `error`: it takes nothing, and says that; `silent`: it answers nothing; `missing`: there is no such program. */
  mood: 'good' | 'silent' | 'missing' | { readonly error: string } = 'good';
  forwarding = { 4: '1', 6: '1' };
  #sink: ConsoleSink | undefined;

  open(_program: string, _args: readonly string[], sink: ConsoleSink): Promise<Console> {
    if (this.mood === 'missing')
      return Promise.reject(new Error('cannot run nft: it is not installed, or not in PATH'));
    this.opened++;
    this.#sink = sink;
    return Promise.resolve({
      pid: 1,
      write: (text) => queueMicrotask(() => text.split('\n').forEach((line) => this.#line(line))),
      close: () => this.die(),
      kill: () => this.die(),
    });
  }

  run(_program: string, args: readonly string[]): Promise<CommandResult> {
    const family = args.join().includes('ipv4') ? 4 : 6;
    return Promise.resolve({ exitCode: 0, stdout: `${this.forwarding[family]}\n`, stderr: '' });
  }

  ask(question: Buffer): readonly Buffer[] {
    if (!this.hasTable || this.mood !== 'good') return [];
    const number = question.readUInt32LE(8);
    return ['z4', 'z6'].flatMap((map) =>
      [...(this.maps.get(map) ?? [])].flatMap(([text, { packets, bytes }]) => {
        const key = keyBytes(text);
        return question.includes(key) ? [elementAnswer(number, key, packets, bytes)] : [];
      }),
    );
  }

  close(): void {
    // It is of the test.
  }

  /** The kernel removes the table with its owner. */
  die(): void {
    this.maps.clear();
    this.hasTable = false;
    const sink = this.#sink;
    this.#sink = undefined;
    queueMicrotask(() => sink?.ended({ code: undefined, signal: 'SIGKILL' }));
  }

  keys(map: string): string[] {
    return [...(this.maps.get(map)?.keys() ?? [])].sort();
  }

  /** A packet comes: `isPassed` = it gets through, so conntrack knows the flow from then on. */
  count(map: string, key: string, packets: number, bytes: number): void {
    const element = this.maps.get(map)?.get(key);
    if (element === undefined) throw new Error(`no ${key} in ${map}`);
    element.packets += packets;
    element.bytes += bytes;
  }

  #line(line: string): void {
    if (line === '' || this.mood === 'silent') return;
    if (line.startsWith('list ')) this.#list(line);
    else this.#change(line);
  }

  #change(line: string): void {
    const before = { maps: structuredClone(this.maps), fence: this.fence, hasTable: this.hasTable };
    try {
      if (typeof this.mood === 'object') throw new Error(this.mood.error);
      for (const command of line.split(/; (?=add|delete|flush)/)) this.#command(command);
      this.transactions.push(line);
    } catch (error) {
      Object.assign(this, before);
      this.#sink?.line(`Error: ${(error as Error).message}`, 'error');
      this.#sink?.line(line, 'error');
      this.#sink?.line('^^^^', 'error');
    }
  }

  #command(command: string): void {
    if (command.startsWith('add table')) this.hasTable = true;
    if (!this.hasTable) throw new Error('No such file or directory');
    const [, map = ''] = /^add map inet \S+ (\S+)/.exec(command) ?? [];
    if (map !== '') this.maps.set(map, new Map());
    const [, verb, name = '', list = ''] = /^(add|delete) element inet \S+ (\S+) \{ (.*) \}$/.exec(command) ?? [];
    if (verb === undefined) return;
    if (name === 'fence') {
      this.fence = Number(list);
      return;
    }
    const elements = this.maps.get(name)!;
    for (const item of list.split(', ')) {
      const [key = '', value = ''] = item.split(' : ');
      if (verb === 'delete' && !elements.delete(key))
        throw new Error('Could not process rule: No such file or directory');
      if (verb !== 'add') continue;
      if (elements.has(key)) throw new Error('Could not process rule: File exists');
      elements.set(key, { value, packets: 0, bytes: 0 });
    }
  }

  #list(line: string): void {
    const say = (text: string): void => this.#sink?.line(text, 'output');
    const [, what = '', table = '', name = ''] = /^list (set|map) inet (\S+) (\S+)$/.exec(line) ?? [];
    if (!this.hasTable) {
      this.#sink?.line('Error: No such file or directory', 'error');
      return;
    }
    say(`table inet ${table} {`);
    say(`\t${what} ${name} {`);
    if (what === 'set') say(`\t\telements = { 0x${this.fence.toString(16).padStart(8, '0')} }`);
    else {
      const items = [...(this.maps.get(name) ?? [])].map(
        ([key, { value, packets, bytes }]) => `${key} counter packets ${packets} bytes ${bytes} : ${value}`,
      );
      if (items.length > 0) say(`\t\telements = { ${items.join(',\n\t\t\t     ')} }`);
    }
    say('\t}');
    say('}');
  }
}

/** `192.0.2.1 . 4000 . 192.0.2.2 . 30000` as the kernel has it. */
function keyBytes(text: string): Buffer {
  return Buffer.concat(
    text.split(' . ').map((part) => {
      if (/[.:]/.test(part)) return parseIpAddress(part)!;
      const padded = Buffer.alloc(4);
      padded.writeUInt16BE(Number(part));
      return padded;
    }),
  );
}
