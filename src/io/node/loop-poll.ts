import { isMainThread } from 'node:worker_threads';
import type koffiModule from 'koffi';

/** Readiness of a file descriptor, in this loop, without a thread. */
export interface Poll {
  /** Begins again after an error, at which the runtime stops a poll, or after `stop`. */
  restart(): void;
  /** Calls nobody until `restart`. */
  stop(): void;
  close(): void;
}

type Koffi = typeof koffiModule;
type Ready = (hasFailed: boolean) => void;
export type OpenPoll = (fd: number, ready: Ready) => Poll;

/** <uv.h> */
const UV_POLL = 8;
const UV_READABLE = 1;

/**
 * Readiness as the loop tells it. On the main thread libuv calls straight into the function, with numbers only: what koffi offers
 * makes an object with names for each event. `isStraight`: so, where it can be; only the main thread's loop is known by a name.
 */
export function openPolls(koffi: Koffi, isStraight = isMainThread): OpenPoll {
  const straight = isStraight ? straightPolls(koffi) : undefined;
  const rest = (process as { readonly _tickCallback?: () => void })._tickCallback;
  if (straight !== undefined && rest !== undefined) return (fd, ready) => straight(fd, scoped(ready, rest));
  const open = straight ?? koffiPolls(koffi);
  return (fd, ready) => new DeferredPoll(fd, ready, open);
}

/**
 * `ready`, as the runtime calls its own callbacks: promises and ticks that come of it run at its end, and what it throws is
 * nobody's. `process._tickCallback` is what the runtime itself does there.
 */
function scoped(ready: Ready, rest: () => void): Ready {
  return (hasFailed) => {
    try {
      ready(hasFailed);
      rest.call(process);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

/**
 * Tells in the check phase of the same turn. A thread may be ended from outside whatever it is doing: in a callback of native code
 * that ends the whole process, so nothing is done there.
 */
class DeferredPoll implements Poll {
  readonly #ready: Ready;
  readonly #poll: Poll;
  #isListening = true;
  #isDue = false;
  #hasFailed = false;

  constructor(fd: number, ready: Ready, open: OpenPoll) {
    this.#ready = ready;
    this.#poll = open(fd, (hasFailed) => this.#seen(hasFailed));
  }

  restart(): void {
    this.#isListening = true;
    this.#poll.restart();
  }

  stop(): void {
    this.#isListening = false;
    this.#poll.stop();
  }

  close(): void {
    this.#isListening = false;
    this.#poll.close();
  }

  #seen(hasFailed: boolean): void {
    this.#hasFailed ||= hasFailed;
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    const hasFailed = this.#hasFailed;
    this.#isDue = false;
    this.#hasFailed = false;
    if (this.#isListening) this.#ready(hasFailed);
  }
}

function koffiPolls(koffi: Koffi): OpenPoll {
  return (fd, ready) => {
    // The status comes first, whatever the type declaration says: 0, or below 0 after EPOLLERR.
    const seen = (status: unknown): void => ready(status !== 0);
    const handle = koffi.node.poll(fd, { readable: true }, seen);
    return {
      restart: () => handle.start({ readable: true }, seen),
      stop: () => handle.stop(),
      close: () => handle.close(),
    };
  };
}

/** undefined: this runtime does not show its loop to native code. */
function straightPolls(koffi: Koffi): OpenPoll | undefined {
  try {
    return new StraightPolls(koffi).open;
  } catch {
    return undefined;
  }
}

type Call = (...args: readonly unknown[]) => number;

interface Watched {
  /** A `uv_poll_t`; libuv has its address as long as the handle is not closed. */
  readonly memory: Buffer;
  readonly address: number;
  readonly ready: Ready;
}

class StraightPolls {
  readonly #koffi: Koffi;
  readonly #init: Call;
  readonly #start: Call;
  readonly #stop: Call;
  readonly #close: Call;
  readonly #handleBytes: number;
  readonly #loop: unknown;
  readonly #told: unknown;
  readonly #watched = new Map<number, Watched>();
  readonly #closing = new Set<Watched>();

  /** @throws Error where something of it is missing. */
  constructor(koffi: Koffi) {
    const library = koffi.load(null);
    const call = (declaration: string): Call => library.func(declaration) as Call;
    const callback = koffi.pointer(koffi.proto(null, 'void', ['uintptr_t', 'int', 'int']));
    this.#koffi = koffi;
    this.#handleBytes = call('size_t uv_handle_size(int type)')(UV_POLL);
    this.#init = call('int uv_poll_init(void *loop, uintptr_t handle, int fd)');
    this.#start = library.func('uv_poll_start', 'int', ['uintptr_t', 'int', callback]) as Call;
    this.#stop = call('int uv_poll_stop(uintptr_t handle)');
    this.#close = call('void uv_close(uintptr_t handle, uintptr_t closed)');
    this.#loop = call('void *uv_default_loop()')();
    this.#told = koffi.register(
      (handle: number, status: number) => this.#watched.get(handle)?.ready(status !== 0),
      callback,
    );
  }

  readonly open: OpenPoll = (fd, ready) => {
    const memory = Buffer.from(new ArrayBuffer(this.#handleBytes));
    const address = Number(this.#koffi.address(memory));
    const done = this.#init(this.#loop, address, fd);
    if (done < 0) throw new Error(`the loop cannot watch file descriptor ${fd}: error ${-done}`);
    this.#watched.set(address, { memory, address, ready });
    const start = (): void => void this.#start(address, UV_READABLE, this.#told);
    start();
    return { restart: start, stop: () => void this.#stop(address), close: () => this.#end(address) };
  };

  #end(address: number): void {
    const watched = this.#watched.get(address);
    if (watched === undefined) return;
    this.#watched.delete(address);
    this.#close(address, 0);
    // libuv lets go of it at the end of this turn of the loop, or of the next one.
    this.#closing.add(watched);
    setImmediate(() => setImmediate(() => this.#closing.delete(watched)));
  }
}
