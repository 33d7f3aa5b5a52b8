import { to, type Table } from './table.ts';

export type InviteClientState = 'Calling' | 'Proceeding' | 'Completed' | 'Accepted' | 'Terminated';
export type InviteClientEvent =
  'start' | '1xx' | '2xx' | '300-699' | 'timerA' | 'timerB' | 'timerD' | 'timerM' | 'transportError';
export type InviteClientAction =
  | 'sendRequest'
  | 'sendAck'
  | 'passResponse'
  | 'tellTimeout'
  | 'tellTransportError'
  | 'armA'
  | 'doubleA'
  | 'stopA'
  | 'armB'
  | 'stopB'
  | 'armD'
  | 'armM';

/**
 * RFC 3261 §17.1.1 figure 5 with RFC 6026 §8.4 (figure 5 there): after a 2xx it stays `Accepted` for timer M, so that
 * further 2xx of other callees, and the same one repeated, find it.
 */
export const inviteClient: Table<InviteClientState, InviteClientEvent, InviteClientAction> = {
  Calling: {
    start: to('Calling', 'sendRequest', 'armA', 'armB'),
    timerA: to('Calling', 'sendRequest', 'doubleA'),
    timerB: to('Terminated', 'tellTimeout'),
    transportError: to('Terminated', 'tellTransportError'),
    '1xx': to('Proceeding', 'stopA', 'stopB', 'passResponse'),
    '2xx': to('Accepted', 'stopA', 'armM', 'passResponse'),
    '300-699': to('Completed', 'stopA', 'armD', 'sendAck', 'passResponse'),
  },
  Proceeding: {
    '1xx': to('Proceeding', 'passResponse'),
    '2xx': to('Accepted', 'armM', 'passResponse'),
    '300-699': to('Completed', 'armD', 'sendAck', 'passResponse'),
  },
  Completed: {
    '300-699': to('Completed', 'sendAck'),
    transportError: to('Terminated', 'tellTransportError'),
    timerD: to('Terminated'),
  },
  Accepted: {
    '2xx': to('Accepted', 'passResponse'),
    timerM: to('Terminated'),
  },
  Terminated: {},
};
