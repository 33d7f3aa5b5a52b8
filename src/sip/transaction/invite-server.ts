import { to, type Table } from './table.ts';

export type InviteServerState = 'Proceeding' | 'Completed' | 'Confirmed' | 'Accepted' | 'Terminated';
export type InviteServerEvent =
  | 'start'
  | 'INVITE'
  | 'ACK'
  | 'send1xx'
  | 'send2xx'
  | 'send300-699'
  | 'timerTrying'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerL'
  | 'transportError'
  | 'abandon';
export type InviteServerAction =
  | 'sendResponse'
  | 'repeatResponse'
  | 'sendTrying'
  | 'passAck'
  | 'tellTimeout'
  | 'tellTransportError'
  | 'armTrying'
  | 'stopTrying'
  | 'armG'
  | 'doubleG'
  | 'stopG'
  | 'armH'
  | 'armI'
  | 'armL';

/**
 * RFC 3261 §17.2.1 figure 7 with RFC 6026 §8.5 (figure 7 there): after a 2xx it stays `Accepted` for timer L, swallows
 * the INVITE repeated and lets further 2xx out, which the transaction user repeats itself.
 */
export const inviteServer: Table<InviteServerState, InviteServerEvent, InviteServerAction> = {
  Proceeding: {
    start: to('Proceeding', 'armTrying'),
    timerTrying: to('Proceeding', 'sendTrying'),
    INVITE: to('Proceeding', 'repeatResponse'),
    send1xx: to('Proceeding', 'stopTrying', 'sendResponse'),
    send2xx: to('Accepted', 'stopTrying', 'sendResponse', 'armL'),
    'send300-699': to('Completed', 'stopTrying', 'sendResponse', 'armG', 'armH'),
    transportError: to('Proceeding', 'tellTransportError'),
    abandon: to('Terminated'),
  },
  Completed: {
    INVITE: to('Completed', 'repeatResponse'),
    timerG: to('Completed', 'repeatResponse', 'doubleG'),
    timerH: to('Terminated', 'tellTimeout'),
    ACK: to('Confirmed', 'stopG', 'armI'),
    transportError: to('Completed', 'tellTransportError'),
  },
  Confirmed: {
    timerI: to('Terminated'),
  },
  Accepted: {
    send2xx: to('Accepted', 'sendResponse'),
    ACK: to('Accepted', 'passAck'),
    timerL: to('Terminated'),
    transportError: to('Accepted', 'tellTransportError'),
  },
  Terminated: {},
};
