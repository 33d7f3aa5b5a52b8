export type * from './relay/relay.ts';
