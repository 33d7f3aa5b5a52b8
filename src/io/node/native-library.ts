/** Readiness of a file descriptor, in this loop, without a thread. */
export interface Poll {
  /** Begins again after an error, at which the runtime stops a poll, or after `stop`. */
  restart(): void;
  /** Calls nobody until `restart`. */
  stop(): void;
  close(): void;
}

/** What every user of native calls needs. Memory is passed as a number, its address. */
export interface NativeBasics {
  /** Where the bytes of `buffer` begin. Valid as long as the buffer is. */
  addressOf(buffer: Buffer): number;
  /** Why the last call gave -1. */
  errno(): number;
  /** `ready` is called in the loop's poll phase, as long as there is something to read, and once on an error. */
  poll(fd: number, ready: (hasFailed: boolean) => void): Poll;
}

type Call = (...args: readonly unknown[]) => number;

export interface NativeLibrary {
  readonly basics: NativeBasics;
  /** A function of the C library by its declaration; it gives what the C function gives. */
  readonly call: (declaration: string) => Call;
}

/** The C library, through koffi. @throws Error where that is missing or does not know this system. */
export async function loadNativeLibrary(): Promise<NativeLibrary> {
  if (process.platform !== 'linux') throw new Error(`not on ${process.platform}`);
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const poll = (fd: number, ready: (hasFailed: boolean) => void): Poll => {
    // The status comes first, whatever the type declaration says: 0, or below 0 after EPOLLERR.
    const seen = (status: unknown): void => ready(status !== 0);
    const handle = koffi.node.poll(fd, { readable: true }, seen);
    return {
      restart: () => handle.start({ readable: true }, seen),
      stop: () => handle.stop(),
      close: () => handle.close(),
    };
  };
  return {
    basics: { addressOf: (buffer) => Number(koffi.address(buffer)), errno: () => koffi.errno(), poll },
    call: (declaration) => libc.func(declaration) as Call,
  };
}
