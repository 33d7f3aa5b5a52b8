import type { BalancedCluster } from './description.ts';
import type { Problem } from './problem.ts';

export interface ConfigurationFile {
  /** As the device calls it. */
  readonly name: string;
  readonly text: string;
}

/** One kind of load balancer. */
export interface Device {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** What this device cannot do of what is asked for, and what is left to people. */
  check(cluster: BalancedCluster): readonly Problem[];
  /** Only for descriptions without errors. The first file is the main one. */
  generate(cluster: BalancedCluster): readonly ConfigurationFile[];
}

/** Text of these lines with a line end each; `false` and undefined are left out. */
export function lines(...parts: readonly (string | false | undefined | readonly string[])[]): string {
  const all = parts.flatMap((part) => (part === false || part === undefined ? [] : part));
  return `${all.join('\n')}\n`;
}
