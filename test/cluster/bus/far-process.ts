import { silentLogger } from '#base';
import { TlsLinks, type MemberBoot } from '#cluster';
import type { MutualTlsIdentity } from '#io';
import { createNodeIo } from '#io/node';
import { startFar } from './far-services.ts';

/** A member in a process of its own: gets who it is, tells its port, ends with its parent. */
process.on('disconnect', () => process.exit(0));
process.once('message', (message) => void start(message as { self: MemberBoot; identity: MutualTlsIdentity }));

async function start({ self, identity }: { self: MemberBoot; identity: MutualTlsIdentity }): Promise<void> {
  const io = createNodeIo();
  const listen = { host: '127.0.0.1', port: 0 };
  const links = new TlsLinks({ network: io.mutualTls, listen, identity: () => identity, logger: silentLogger });
  await startFar(io, self, [links]);
  process.send?.(links.port);
}
