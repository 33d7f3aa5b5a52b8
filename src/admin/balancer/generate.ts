import type { BalancedCluster } from './description.ts';
import { checkDescription } from './check-description.ts';
import type { ConfigurationFile, Device } from './device.ts';
import type { Problem } from './problem.ts';

export interface Generated {
  /** Errors first. */
  readonly problems: readonly Problem[];
  /** Empty where there are errors. */
  readonly files: readonly ConfigurationFile[];
}

/** The configuration of one device for one cluster, or why there can be none. Pure. */
export function generate(device: Device, cluster: BalancedCluster): Generated {
  const all = [...checkDescription(cluster), ...device.check(cluster)];
  const errors = all.filter(({ severity }) => severity === 'error');
  const warnings = all.filter(({ severity }) => severity === 'warning');
  return { problems: [...errors, ...warnings], files: errors.length > 0 ? [] : device.generate(cluster) };
}
