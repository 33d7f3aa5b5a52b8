import { to, type Table } from './table.ts';

export type NonInviteServerState = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated';
export type NonInviteServerEvent = 'request' | 'send1xx' | 'send200-699' | 'timerJ' | 'transportError' | 'abandon';
export type NonInviteServerAction = 'sendResponse' | 'repeatResponse' | 'tellTransportError' | 'armJ';

/**
 * RFC 3261 §17.2.2 figure 8. `abandon` ends it without an answer: RFC 4320 §4.2 forbids the 408 that would come too
 * late anyway.
 */
export const nonInviteServer: Table<NonInviteServerState, NonInviteServerEvent, NonInviteServerAction> = {
  Trying: {
    send1xx: to('Proceeding', 'sendResponse'),
    'send200-699': to('Completed', 'sendResponse', 'armJ'),
    abandon: to('Terminated'),
  },
  Proceeding: {
    request: to('Proceeding', 'repeatResponse'),
    send1xx: to('Proceeding', 'sendResponse'),
    'send200-699': to('Completed', 'sendResponse', 'armJ'),
    transportError: to('Terminated', 'tellTransportError'),
    abandon: to('Terminated'),
  },
  Completed: {
    request: to('Completed', 'repeatResponse'),
    timerJ: to('Terminated'),
    transportError: to('Terminated', 'tellTransportError'),
  },
  Terminated: {},
};
