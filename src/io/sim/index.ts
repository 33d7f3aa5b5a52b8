export { HostClock } from './host-clock.ts';
export { MemoryEthernetDevice, MemoryEthernetDevices } from './memory-ethernet.ts';
export { MemoryHost } from './memory-host.ts';
export { MemoryNetwork } from './memory-network.ts';
export type { MemoryStream } from './memory-stream.ts';
export { SeededRandom } from './seeded-random.ts';
export { simulatedIdentity } from './simulated-tls.ts';
export { StreamPair, type LinkSettings, type PairEnds } from './stream-pair.ts';
export { VirtualClock } from './virtual-clock.ts';
