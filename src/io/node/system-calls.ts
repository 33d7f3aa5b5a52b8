/** Calls into the C library that the runtime has no name for. Each gives 0, or the error number. */
export interface SystemCalls {
  flock(fd: number, operation: number): number;
  /** For options whose value is an int. */
  setSocketOption(fd: number, level: number, option: number, value: number): number;
  /** How many of the bytes that wait on a socket are in `buffer` now; they go on waiting. 0 = none, or none any more. */
  peek(fd: number, buffer: Buffer): number;
  /** Nobody else may poll or read `fd` in this loop until the watch is closed, and it must be closed before `fd`. */
  watch(fd: number): SocketWatch;
}

export interface SocketWatch {
  /** `readable`: bytes, an end or an error have come. `gone`: an end or an error. Called once, in a turn of its own. */
  once(what: 'readable' | 'gone', then: () => void): void;
  close(): void;
}

/** <bits/socket.h>, Linux. */
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;

const loadKoffi = async () => (await import('koffi')).default;

/** undefined where the library for native calls is missing or does not know this system. */
export async function loadSystemCalls(): Promise<SystemCalls | undefined> {
  try {
    const koffi = await loadKoffi();
    const program = koffi.load(null);
    const flock = program.func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
    const setsockopt = program.func('int setsockopt(int fd, int level, int name, int *value, uint32_t length)') as (
      fd: number,
      level: number,
      option: number,
      value: readonly number[],
      length: number,
    ) => number;
    const recv = program.func('intptr_t recv(int fd, void *buffer, size_t size, int flags)') as (
      fd: number,
      buffer: Buffer,
      size: number,
      flags: number,
    ) => number;
    return {
      flock: (fd, operation) => (flock(fd, operation) === 0 ? 0 : koffi.errno()),
      setSocketOption: (fd, level, option, value) =>
        setsockopt(fd, level, option, [value], Int32Array.BYTES_PER_ELEMENT) === 0 ? 0 : koffi.errno(),
      peek: (fd, buffer) => Math.max(recv(fd, buffer, buffer.length, MSG_PEEK | MSG_DONTWAIT), 0),
      watch: (fd) => new PollWatch(koffi, fd),
    };
  } catch {
    return undefined;
  }
}

type Koffi = Awaited<ReturnType<typeof loadKoffi>>;

class PollWatch implements SocketWatch {
  readonly #koffi: Koffi;
  readonly #fd: number;
  #poll: ReturnType<Koffi['node']['poll']> | undefined;
  #isClosed = false;

  constructor(koffi: Koffi, fd: number) {
    this.#koffi = koffi;
    this.#fd = fd;
  }

  once(what: 'readable' | 'gone', then: () => void): void {
    const events = what === 'readable' ? { readable: true } : { disconnect: true };
    const seen = (): void => {
      this.#poll?.stop();
      // Here is no callback scope of the runtime: its promises and ticks would not run after it.
      setImmediate(() => {
        if (!this.#isClosed) then();
      });
    };
    if (this.#poll === undefined) this.#poll = this.#koffi.node.poll(this.#fd, events, seen);
    else this.#poll.start(events, seen);
  }

  close(): void {
    this.#isClosed = true;
    this.#poll?.close();
  }
}
