/**
 * `node:http` without its ES module: to make that one, the runtime reads all exports, and one of them brings a whole other
 * HTTP client along, of 12 MB.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http');
