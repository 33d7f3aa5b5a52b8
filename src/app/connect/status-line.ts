import { destinationText, type ClientEvent, type SessionLoss } from '#softether';
import { durationText } from './virtual-adapter.ts';

const losses: Readonly<Record<SessionLoss, string>> = {
  closed: 'the server ended the connection',
  broken: 'the connection broke',
  silent: 'nothing came from the server any more',
  dead: 'the server does not answer',
  forgotten: 'the server has ended the session',
};

/** What the user is told of an event; undefined = nothing. Servers cannot make the terminal do anything with it. */
export function statusLine(event: ClientEvent): string | undefined {
  return textOf(event)?.replace(controlCharacters, '');
}

/** All but the line feed. */
const controlCharacters = /(?!\n)\p{Cc}/gu;

function textOf(event: ClientEvent): string | undefined {
  switch (event.kind) {
    case 'connecting':
      return `connecting to ${destinationText(event.to)}`;
    case 'redirected':
      return `sent on to ${destinationText(event.to)}${messageText(event.message)}`;
    case 'connected': {
      const { welcome, tls, hello } = event.grant;
      const how = [
        welcome.useEncrypt ? `${tls.protocol} ${tls.cipher}` : 'NOT encrypted',
        ...(welcome.useCompress ? ['compressed'] : []),
        ...(welcome.halfConnection ? ['half duplex'] : []),
        event.session.maxConnection === 1 ? '1 connection' : `${event.session.maxConnection} connections`,
      ];
      return `connected: session ${welcome.sessionName} on ${hello.product}; ${how.join(', ')}${messageText(welcome.message)}`;
    }
    case 'connections':
      return undefined;
    case 'lost':
      return `connection lost after ${durationText(event.lastedMs / 1000)}: ${losses[event.why]}`;
    case 'failed':
      return `no connection: ${event.failure.message}`;
    case 'waiting':
      return `trying again in ${waitText(event.delayMs)}`;
  }
}

const messageText = (message: string): string => (message === '' ? '' : `\n${message}`);

const waitText = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(ms / 1000));
