export { connectCommand, type ConnectRuntime } from './connect-command.ts';
export { configCommand } from './config-command.ts';
export { serveCommand, type ServeRuntime } from './serve-command.ts';
export { startServer, type RunningServer } from './server.ts';
export type { ServerOptions } from './server-options.ts';
export { loadConfig } from './config/load-config.ts';
