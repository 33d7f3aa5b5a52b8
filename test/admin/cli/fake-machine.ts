import type { Clock, HttpRequest, HttpTarget, OpenHttpClient, Terminal, TlsServer, UserFiles } from '#io';
import { IoError } from '#io';
import { SeededRandom, VirtualClock } from '#io/sim';
import { cliCommands, runProgram, type CliRuntime } from '#admin/cli';
import { formatJson, parseJson, type Json, type JsonObject } from '../../../src/admin/cli/json-document.ts';

/** What a call answers: a result, or an error of the SoftEther protocol. */
export type Answer = JsonObject | { readonly error: { readonly code: number; readonly message: string } };

export interface Call {
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

const isError = (answer: Answer): boolean => Object.hasOwn(answer, 'error');

/** A JSON-RPC server in memory. */
export class FakeServer {
  readonly calls: Call[] = [];
  readonly targets: HttpTarget[] = [];
  readonly answers = new Map<string, Answer | ((params: JsonObject) => Answer)>();
  /** Who it says it is in the TLS handshake. */
  identity: TlsServer = { isVerified: true, problem: '', fingerprint: 'AA', commonName: 'fake' };
  /** Of the password header; undefined = any. */
  password: string | undefined;
  isUp = true;

  constructor(answers: Readonly<Record<string, Answer | ((params: JsonObject) => Answer)>> = {}) {
    this.answers.set('GetServerInfo', { ServerType_u32: 0 });
    for (const [method, answer] of Object.entries(answers)) this.answers.set(method, answer);
  }

  readonly openHttp: OpenHttpClient = (target) => {
    this.targets.push(target);
    return {
      send: async (request) => {
        if (!this.isUp) throw new IoError('REFUSED', 'cannot connect to fake: nobody is there');
        if (target.kind === 'tls') await target.judge(this.identity);
        return this.#respond(request);
      },
      close: () => undefined,
    };
  };

  #respond(request: HttpRequest): { status: number; body: Buffer } {
    if (this.password !== undefined && request.headers['x-vpnadmin-password'] !== this.password) {
      return { status: 401, body: Buffer.from('<html>no</html>') };
    }
    const { method, params } = parseJson(request.body.toString('utf8')) as unknown as Call;
    this.calls.push({ method, params, headers: request.headers });
    const known = this.answers.get(method);
    const answer = typeof known === 'function' ? known(params) : known;
    const unsupported = { error: { code: 33, message: 'Error code 33: Unsupported.' } };
    const body: Json = answer === undefined ? unsupported : isError(answer) ? answer : { result: answer as JsonObject };
    return { status: 200, body: Buffer.from(formatJson({ ...body, jsonrpc: '2.0', id: '1' }, 0)) };
  }

  /** The methods that were called, greetings left out. */
  get methods(): string[] {
    return this.calls.map(({ method }) => method).filter((method) => method !== 'GetServerInfo');
  }

  /** The parameters of the last call of `method`. */
  paramsOf(method: string): JsonObject {
    const call = this.calls.findLast((entry) => entry.method === method);
    if (call === undefined) throw new Error(`${method} was not called`);
    return call.params;
  }
}

/** A terminal whose person types `lines`; without `lines`, nobody is there. */
export class FakeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly columns = 80;
  readonly prompts: string[] = [];
  output = '';
  errors = '';
  readonly #lines: string[];

  constructor(lines: readonly string[] = [], isInteractive = lines.length > 0) {
    this.#lines = [...lines];
    this.isInteractive = isInteractive;
  }

  write(text: string): void {
    this.output += text;
  }

  writeError(text: string): void {
    this.errors += text;
  }

  readLine(prompt: string): Promise<string | undefined> {
    this.prompts.push(prompt);
    return Promise.resolve(this.#lines.shift());
  }

  readSecret(prompt: string): Promise<string | undefined> {
    return this.readLine(prompt);
  }

  close(): void {}
}

export class FakeFiles implements UserFiles {
  readonly content = new Map<string, Buffer>();
  readonly modes = new Map<string, number>();
  readonly sockets = new Set<string>();
  /** Put there by somebody else. */
  readonly foreign = new Set<string>();

  constructor(content: Readonly<Record<string, string | Buffer>> = {}) {
    for (const [path, text] of Object.entries(content)) this.content.set(path, Buffer.from(text));
  }

  read(path: string, maxBytes: number): Promise<Buffer> {
    const found = this.content.get(path);
    if (found === undefined) return Promise.reject(new IoError('NOT_FOUND', `cannot read ${path}: it does not exist`));
    if (found.length > maxBytes) return Promise.reject(new IoError('TOO_LARGE', `cannot read ${path}: too large`));
    return Promise.resolve(found);
  }

  write(path: string, content: Uint8Array | string, options?: { readonly mode?: number }): Promise<void> {
    this.content.set(path, Buffer.from(content));
    if (options?.mode !== undefined) this.modes.set(path, options.mode);
    return Promise.resolve();
  }

  append(path: string, content: string): Promise<void> {
    return this.write(path, (this.content.get(path)?.toString() ?? '') + content);
  }

  kindOf(path: string): Promise<'file' | 'socket' | undefined> {
    if (this.sockets.has(path)) return Promise.resolve('socket');
    return Promise.resolve(this.content.has(path) ? 'file' : undefined);
  }

  isOurs(path: string): Promise<boolean> {
    return Promise.resolve(!this.foreign.has(path));
  }

  text(path: string): string {
    return this.content.get(path)?.toString() ?? '';
  }
}

export interface Run {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
  readonly terminal: FakeTerminal;
}

export interface Machine {
  readonly server?: FakeServer;
  readonly terminal?: FakeTerminal;
  readonly files?: FakeFiles;
  readonly environment?: Readonly<Record<string, string>>;
  /** Absent: one in which no time passes. */
  readonly clock?: Clock;
}

/** Runs `hubfarm …argv` against a fake server, over HTTPS unless a socket is there. */
export async function hubfarm(argv: readonly string[], machine: Machine = {}): Promise<Run> {
  const terminal = machine.terminal ?? new FakeTerminal();
  const runtime: CliRuntime = {
    terminal,
    files: machine.files ?? new FakeFiles(),
    random: new SeededRandom(1),
    clock: machine.clock ?? new VirtualClock(),
    openHttp: (machine.server ?? new FakeServer()).openHttp,
    environment: machine.environment ?? {},
    homeDirectory: '/nowhere',
    version: '1.2.3',
  };
  const code = await runProgram(argv, runtime, cliCommands);
  return { code, output: terminal.output, errors: terminal.errors, terminal };
}
