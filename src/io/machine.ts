/** The machine and the operating system that this process runs on. */
export interface Machine {
  readonly hostName: string;
  readonly os: OperatingSystem;
  /** How many threads can run at once. */
  readonly cores: number;
  /** Of its network interfaces, now, loopback and link-local ones left out; IPv4 first. */
  addresses(): readonly string[];
  /** Bytes, now. `used` is this machine's, not this process's. */
  memory(): { readonly total: number; readonly free: number };
}

export interface OperatingSystem {
  /** `Linux` */
  readonly systemName: string;
  /** `Debian GNU/Linux` */
  readonly productName: string;
  /** A name or a home page; empty if the system does not say. */
  readonly vendorName: string;
  /** `12 (bookworm)` */
  readonly version: string;
  /** `6.1.0-18-amd64` */
  readonly kernelRelease: string;
  /** `#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1` */
  readonly kernelVersion: string;
}
