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
 * Readiness as the loop tells it: libuv calls straight into the function, with numbers only. What koffi offers makes an object with
 * names for each event, and ends the whole process where a thread is ended from outside in its callback; a registered function is
 * just not called then. `isStraight`: so, where it can be.
 */
export function openPolls(koffi: Koffi, isStraight = true): OpenPoll {
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

/** Tells in the check phase of the same turn: then promises and ticks run, and a thread is rarely ended in koffi's own callback. */
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

/** koffi makes and ends the handles, with their thread if need be; what they call is ours. */
class StraightPolls {
  readonly #koffi: Koffi;
  readonly #loop: unknown;
  readonly #walk: Call;
  readonly #typeOf: Call;
  readonly #descriptorOf: Call;
  readonly #start: Call;
  readonly #told: unknown;
  /** By the address of the handle. */
  readonly #watched = new Map<number, Ready>();

  /** @throws Error where something of it is missing. */
  constructor(koffi: Koffi) {
    const library = koffi.load(null);
    const call = (declaration: string): Call => library.func(declaration) as Call;
    const visitor = koffi.pointer(koffi.proto(null, 'void', ['uintptr_t', 'uintptr_t']));
    const callback = koffi.pointer(koffi.proto(null, 'void', ['uintptr_t', 'int', 'int']));
    this.#koffi = koffi;
    this.#loop = loopOfThisThread(koffi, call('int napi_get_uv_event_loop(void *env, _Out_ void **loop)'));
    this.#walk = library.func('uv_walk', 'void', ['void *', visitor, 'uintptr_t']) as Call;
    this.#typeOf = call('int uv_handle_get_type(uintptr_t handle)');
    this.#descriptorOf = call('int uv_fileno(uintptr_t handle, _Out_ int *fd)');
    this.#start = library.func('uv_poll_start', 'int', ['uintptr_t', 'int', callback]) as Call;
    this.#told = koffi.register(
      (handle: number, status: number) => this.#watched.get(handle)?.(status !== 0),
      callback,
    );
  }

  readonly open: OpenPoll = (fd, ready) => {
    const handle = this.#koffi.node.poll(fd, { readable: true }, () => undefined);
    const address = this.#find(fd);
    this.#watched.set(address, ready);
    const start = (): void => void this.#start(address, UV_READABLE, this.#told);
    start();
    return {
      restart: start,
      stop: () => handle.stop(),
      close: () => {
        this.#watched.delete(address);
        handle.close();
      },
    };
  };

  /** The handle that watches it. */
  #find(fd: number): number {
    let found: number | undefined;
    const descriptor = [-1];
    const visit = (handle: number): void => {
      if (this.#typeOf(handle) !== UV_POLL || this.#descriptorOf(handle, descriptor) !== 0) return;
      if (descriptor[0] === fd) found = handle;
    };
    this.#walk(this.#loop, visit, 0);
    if (found === undefined) throw new Error(`the loop does not watch file descriptor ${fd}`);
    return found;
  }
}

function loopOfThisThread(koffi: Koffi, loopOf: Call): unknown {
  const loop: unknown[] = [null];
  const { env } = koffi.node as { readonly env?: unknown };
  if (env === undefined || loopOf(env, loop) !== 0) throw new Error('the runtime does not show its loop');
  return loop[0];
}
