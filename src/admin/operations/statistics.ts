import type { Statistics } from '#hub';
import type { AdminContext } from './context.ts';

/** Of the hub in the whole cluster where this is the controller, else as far as this member knows. */
export function hubStatisticsOf({ cluster, host }: AdminContext, hubName: string): Statistics {
  return clusterStatistics(cluster)?.of({ hubName }) ?? host.hubStatistics(hubName);
}

/** The same of a user. */
export function userStatisticsOf({ cluster, host }: AdminContext, hubName: string, userName: string): Statistics {
  return clusterStatistics(cluster)?.of({ hubName, userName }) ?? host.userStatistics(hubName, userName);
}

function clusterStatistics(cluster: AdminContext['cluster']): NonNullable<AdminContext['cluster']>['statistics'] {
  return cluster?.members?.isController === true ? cluster.statistics : undefined;
}
