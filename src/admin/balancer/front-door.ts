/** What the command line needs, loaded when it is asked for. */
export { describeCluster, type DescribeOptions } from './describe.ts';
export type { BalancedCluster, Balancer, Predictor, ServiceMode } from './description.ts';
export { devices } from './devices/devices.ts';
export { checkDescription } from './check-description.ts';
export { generate } from './generate.ts';
export { hostInstructions, hostSystems } from './hosts/host-instructions.ts';
export { isIpv4, prefixLengthOf } from './ipv4.ts';
export type { ListenerFacts, MemberFacts } from './member-facts.ts';
export { readDescription } from './read-description.ts';
export { writeDescription } from './write-description.ts';
