// Run as a child with few file descriptors by starved-listener.test.ts: prints its port, then its troubles and streams.
import { createNodeCertificates, createNodeClock, createNodeNetwork } from '#io/node';

const identity = await createNodeCertificates(createNodeClock()).makeSelfSigned({ hostName: 'x.example' });
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const listener = await createNodeNetwork().listenTls({
  host: '127.0.0.1',
  port: 0,
  identity: () => identity,
  handshakeTimeoutMs: 60_000,
  admit: () => true,
  abandoned: () => undefined,
  connected: () => say('connected'),
  troubled: (error) => say(`troubled ${error.message}`),
});
say(`port ${listener.local.port}`);
