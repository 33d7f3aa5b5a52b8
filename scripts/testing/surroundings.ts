import { tmpdir } from 'node:os';

/** Local sockets are in folders below it, and their paths have 107 bytes at most. */
const tmpdirMaxBytes = 40;

/** What tests inherit: the same everywhere, whatever the settings of the person or the machine that runs them. */
export function surroundings(given: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const own =
    /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|FORCE_COLOR|NO_COLOR|LANGUAGE|LC_.*|HUBFARM_(?!ETCD$).*)$/;
  const kept = Object.entries(given).filter(([name]) => !own.test(name));
  const folder = Buffer.byteLength(tmpdir()) > tmpdirMaxBytes ? { TMPDIR: '/tmp' } : {};
  // vpncmd speaks the language that it finds here.
  return { ...Object.fromEntries(kept), ...folder, LANG: 'C.UTF-8' };
}
