export { DecodeError, HubfarmError } from './errors.ts';
export { silentLogger, type Logger } from './logger.ts';
