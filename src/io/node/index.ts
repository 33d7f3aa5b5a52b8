export { createNodeClock } from './clock.ts';
export { createNodeNetwork } from './network.ts';
export { createNodeRandom } from './random.ts';
export { createNodeThreads } from './threads.ts';
