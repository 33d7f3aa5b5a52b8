import { namedVerb, type Verb } from './verb.ts';

/** Verbs that are a command of the table under another name. */
export const listVerbs: readonly Verb[] = [
  namedVerb({
    noun: 'session',
    verb: 'list',
    about: 'list the sessions of a hub',
    needsHub: true,
    command: 'SessionList',
    screenColumns: ['name', 'user', 'host', 'location', 'tcpConnections', 'transferBytes', 'transferPackets'],
  }),
  namedVerb({
    noun: 'session',
    verb: 'show',
    about: 'show one session',
    words: ['<name>'],
    needsHub: true,
    command: 'SessionGet',
    parameters: ['[name]'],
  }),
  namedVerb({
    noun: 'session',
    verb: 'disconnect',
    about: 'end a session',
    words: ['<name>'],
    needsHub: true,
    command: 'SessionDisconnect',
    parameters: ['[name]'],
    done: 'session % disconnected',
  }),
  ...(['mac', 'ip'] as const).flatMap((noun): Verb[] => [
    namedVerb({
      noun,
      verb: 'list',
      about: `list the ${noun === 'mac' ? 'MAC' : 'IP'} addresses that a hub knows`,
      words: ['[session]'],
      needsHub: true,
      command: noun === 'mac' ? 'MacTable' : 'IpTable',
      parameters: ['[session_name]'],
      screenColumns: ['id', 'session', 'address', 'createdAt', 'updatedAt', 'location'],
    }),
    namedVerb({
      noun,
      verb: 'delete',
      about: 'forget one entry',
      words: ['<id>'],
      needsHub: true,
      command: noun === 'mac' ? 'MacDelete' : 'IpDelete',
      parameters: ['[id]'],
      done: 'entry % deleted',
    }),
  ]),
  namedVerb({ noun: 'listener', verb: 'list', about: 'list the TCP ports of the server', command: 'ListenerList' }),
  ...(['create', 'delete', 'enable', 'disable'] as const).map((verb) =>
    namedVerb({
      noun: 'listener',
      verb,
      about: { create: 'open a port', delete: 'close a port for good', enable: 'open it again', disable: 'close it' }[
        verb
      ],
      words: ['<port>'],
      command: `Listener${verb.charAt(0).toUpperCase()}${verb.slice(1)}`,
      parameters: ['[port]'],
      done: `port % ${verb}d`,
    }),
  ),
  namedVerb({ noun: 'connection', verb: 'list', about: 'list TCP connections', command: 'ConnectionList' }),
  namedVerb({
    noun: 'connection',
    verb: 'show',
    about: 'show one TCP connection',
    words: ['<name>'],
    command: 'ConnectionGet',
    parameters: ['[name]'],
  }),
  namedVerb({
    noun: 'connection',
    verb: 'disconnect',
    about: 'close a TCP connection',
    words: ['<name>'],
    command: 'ConnectionDisconnect',
    parameters: ['[name]'],
    done: 'connection % closed',
  }),
];
