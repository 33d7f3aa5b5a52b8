/** Host names to addresses, as this machine is set up to find them. */
export interface NameResolver {
  /**
   * Every address of `host`, in the order in which the system would try them; at least one. An address is its own.
   * @throws IoError UNKNOWN_HOST.
   */
  resolve(host: string): Promise<readonly string[]>;
}
