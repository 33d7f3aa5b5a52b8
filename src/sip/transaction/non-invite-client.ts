import { to, type Table } from './table.ts';

export type NonInviteClientState = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated';
export type NonInviteClientEvent = 'start' | '1xx' | '200-699' | 'timerE' | 'timerF' | 'timerK' | 'transportError';
export type NonInviteClientAction =
  | 'sendRequest'
  | 'passResponse'
  | 'tellTimeout'
  | 'tellTransportError'
  | 'armE'
  /** Twice as long as before, T2 at most. */
  | 'doubleE'
  /** T2: the request has arrived (RFC 3261 §17.1.2.2). */
  | 'slowE'
  | 'stopE'
  | 'armF'
  | 'armK';

/** RFC 3261 §17.1.2 figure 6. */
export const nonInviteClient: Table<NonInviteClientState, NonInviteClientEvent, NonInviteClientAction> = {
  Trying: {
    start: to('Trying', 'sendRequest', 'armE', 'armF'),
    timerE: to('Trying', 'sendRequest', 'doubleE'),
    timerF: to('Terminated', 'tellTimeout'),
    transportError: to('Terminated', 'tellTransportError'),
    '1xx': to('Proceeding', 'passResponse'),
    '200-699': to('Completed', 'stopE', 'armK', 'passResponse'),
  },
  Proceeding: {
    timerE: to('Proceeding', 'sendRequest', 'slowE'),
    timerF: to('Terminated', 'tellTimeout'),
    transportError: to('Terminated', 'tellTransportError'),
    '1xx': to('Proceeding', 'passResponse'),
    '200-699': to('Completed', 'stopE', 'armK', 'passResponse'),
  },
  Completed: {
    timerK: to('Terminated'),
  },
  Terminated: {},
};
