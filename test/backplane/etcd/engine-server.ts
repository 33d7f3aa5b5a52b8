import { newClient, newTestCluster, newTestEngine } from './test-engine.ts';

/** A server with an engine, to be killed. Arguments: folder, name, client port, peer port. Prints a line when it is up. */
const [folder = '', name = '', clientPort, peerPort] = process.argv.slice(2);
const cluster = await newTestCluster(folder);
const engine = await newTestEngine(cluster, name, { clientPort: Number(clientPort), peerPort: Number(peerPort) });
await engine.engine.start();
const store = await newClient(cluster, [engine], name);
await store.put('k', 'of the killed server');
process.stdout.write('up\n');
