export { createNodeCertificates } from './certificates.ts';
export { createNodeClock } from './clock.ts';
export { nodeCommands } from './command.ts';
export { nodeCompression } from './compression.ts';
export { createNodeFiles } from './files.ts';
export { createNodeNetwork } from './network.ts';
export { createNodeRandom } from './random.ts';
export { createNodeThreads } from './threads.ts';
