import type { MutualTlsIdentity } from '#io';
import { createNodeIo } from '#io/node';
import { processCpu, serveBench } from './far-member.ts';
import { startBus, tlsLinks } from './members.ts';

/** `b/0` in a process of its own: gets its identity, tells its port, ends with its parent. */
process.on('disconnect', () => process.exit(0));
process.once('message', (identity) => void start(identity as MutualTlsIdentity));

async function start(identity: MutualTlsIdentity): Promise<void> {
  const io = createNodeIo();
  const links = tlsLinks(io, identity);
  const bus = await startBus(io, 'b/0', [links], []);
  serveBench(bus, processCpu);
  process.send?.(links.port);
}
