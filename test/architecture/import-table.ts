/**
 * Who may import whom, as data. A change here is a change of architecture and comes with a decision record.
 * Folders are given from the root of the repository; the longest one that matches a file counts.
 */

/** `src/<module>` → the modules whose front door (`#module`) it may use. */
export const modules: Readonly<Record<string, readonly string[]>> = {
  base: [],
  io: ['base'],
  backplane: ['base', 'io'],
  cluster: ['base', 'io', 'backplane'],
  media: ['base', 'io'],
  hub: ['base', 'io', 'backplane', 'cluster'],
  softether: ['base', 'io', 'backplane', 'cluster', 'hub'],
  sip: ['base', 'io', 'backplane', 'cluster', 'media'],
  realtime: ['base', 'io', 'backplane', 'cluster', 'media', 'sip'],
  admin: ['base', 'io', 'backplane', 'cluster', 'media', 'hub', 'softether', 'sip', 'realtime'],
  app: ['base', 'io', 'backplane', 'cluster', 'media', 'hub', 'softether', 'sip', 'realtime', 'admin'],
};

/** Codecs: bytes in, values out. They may import `#base`, their own siblings and the builtins named here. */
export const codecFolders = ['codec', 'message', 'frame', 'sdp', 'rtp'];
export const codecBuiltins: Readonly<Record<string, readonly string[]>> = {
  src: ['node:buffer'],
  // Compressed blocks of the data stream: inflate and deflate are pure functions here.
  'src/softether/codec': ['node:buffer', 'node:zlib'],
};

/** Front doors that only some may use. Tests may use all. */
export const restrictedDoors: Readonly<Record<string, readonly string[]>> = {
  '#io/node': ['src/app', 'bin'],
  '#io/sim': [],
  // The command line without the server behind it: starting it must not cost what the server costs.
  '#admin/cli': ['src/app', 'bin'],
};

/** Builtins and packages that appear only under these folders (bin and io/node hold what touches the outside world). */
const outside = ['src/io/node', 'bin'];
export const restrictedImports: Readonly<Record<string, readonly string[]>> = {
  'node:net': outside,
  'node:tls': outside,
  'node:dgram': outside,
  // The HTTP framework brings its own I/O: it is handed connections that io accepted.
  'node:http': [...outside, 'src/admin/http'],
  'node:https': outside,
  'node:http2': outside,
  'node:dns': outside,
  'node:fs': outside,
  'node:child_process': outside,
  'node:worker_threads': outside,
  'node:os': outside,
  'node:readline': outside,
  'node:timers': outside,
  'node:perf_hooks': ['src/io/node', 'src/app/process-metrics.ts', 'bin'],
  'node:v8': ['src/io/node'],
  'node:module': outside,
  'node:cluster': outside,
  // Hashes and X.509 are pure functions over bytes; keys and random numbers are the outside world.
  'node:crypto': ['src/io/node', 'src/base/hash.ts', 'src/base/certificate.ts'],
  'node:sqlite': ['src/backplane/embedded'],
  koffi: ['src/io/node'],
  ws: ['src/io/node'],
  fastify: ['src/admin/http'],
  commander: ['src/admin/cli', 'bin'],
  'string-width': ['src/admin/cli'],
  pino: ['src/app'],
  'prom-client': ['src/app'],
  'smol-toml': ['src/app/config', 'src/admin/balancer'],
  '@peculiar/x509': ['src/io/node'],
  '@noble/curves': ['src/cluster/join'],
};

/** Builtins that any file (but codecs) may use: they only compute, or describe types. */
export const freeBuiltins = [
  'node:assert',
  'node:buffer',
  'node:events',
  'node:path',
  'node:stream',
  'node:string_decoder',
  'node:url',
  'node:util',
  'node:zlib',
];

/**
 * Names that read the clock, chance or the process: domain code takes Clock, Random and settings as inputs.
 * A name with a dot is matched as written, one without only where it is not a property of something else.
 */
export const restrictedNames: Readonly<Record<string, readonly string[]>> = {
  setTimeout: outside,
  setInterval: outside,
  setImmediate: outside,
  'Date.now': outside,
  'performance.now': outside,
  'process.hrtime': outside,
  'Math.random': [],
  'process.exit': ['bin'],
  'process.env': ['bin'],
  'console.log': ['bin'],
  'console.error': ['bin'],
};

/** A file name with one of these says that its job has not been understood yet. */
export const emptyWords = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager'];

export const maxIndexLines = 40;
