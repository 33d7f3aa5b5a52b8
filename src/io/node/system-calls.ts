/** Calls into the C library that the runtime has no name for. Each gives 0, or the error number. */
export interface SystemCalls {
  flock(fd: number, operation: number): number;
  /** For options whose value is an int. */
  setSocketOption(fd: number, level: number, option: number, value: number): number;
}

/** undefined where the library for native calls is missing or does not know this system. */
export async function loadSystemCalls(): Promise<SystemCalls | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    const program = koffi.load(null);
    const flock = program.func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
    const setsockopt = program.func('int setsockopt(int fd, int level, int name, int *value, uint32_t length)') as (
      fd: number,
      level: number,
      option: number,
      value: readonly number[],
      length: number,
    ) => number;
    return {
      flock: (fd, operation) => (flock(fd, operation) === 0 ? 0 : koffi.errno()),
      setSocketOption: (fd, level, option, value) =>
        setsockopt(fd, level, option, [value], Int32Array.BYTES_PER_ELEMENT) === 0 ? 0 : koffi.errno(),
    };
  } catch {
    return undefined;
  }
}
