import { openPolls, type Poll } from './loop-poll.ts';

/** What every user of native calls needs. Memory is passed as a number, its address. */
export interface NativeBasics {
  /** Where the bytes of `buffer` begin. Valid as long as the buffer is. */
  addressOf(buffer: Buffer): number;
  /** Why the last call gave -1. */
  errno(): number;
  /**
   * `ready` is called in the loop's poll phase, as long as there is something to read, and once on an error; promises and ticks
   * that come of it run when it returns.
   */
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
  return {
    basics: {
      addressOf: (buffer) => Number(koffi.address(buffer)),
      errno: () => koffi.errno(),
      poll: openPolls(koffi),
    },
    call: (declaration) => libc.func(declaration) as Call,
  };
}
