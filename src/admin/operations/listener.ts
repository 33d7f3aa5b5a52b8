import { ErrorCode } from '#softether';
import { bool, int, list, many } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';

const listenerFields = { Port: int('1 to 65535'), Enable: bool() };

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

export const listenerOperations = [
  operation({
    name: 'CreateListener',
    noun: 'listener',
    verb: 'create',
    about:
      'Listens on one more TCP port. A port that cannot be opened is no error: the list shows it, and it is tried again.',
    role: 'server',
    effect: 'change',
    input: listenerFields,
    output: listenerFields,
    run: async (context, input, call) => {
      if (!isPort(input.Port)) return refuse(ErrorCode.INVALID_PARAMETER, `${input.Port} is not a TCP port`);
      await context.listeners.create(input.Port, input.Enable);
      call.changed(`listener ${input.Port}`, undefined, { isEnabled: input.Enable });
      return input;
    },
  }),
  operation({
    name: 'EnumListener',
    noun: 'listener',
    verb: 'list',
    about: 'The TCP ports that the server listens on.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      ListenerList: list({
        Ports: int(),
        Enables: bool(),
        Errors: bool('wanted, but the port could not be opened'),
      }),
    },
    run: (context) => ({
      ListenerList: context.listeners
        .list()
        .map(({ port, isEnabled, error }) => ({ Ports: port, Enables: isEnabled, Errors: error !== undefined })),
    }),
  }),
  operation({
    name: 'DeleteListener',
    noun: 'listener',
    verb: 'delete',
    about: 'Stops listening on a port for good. Connections that are up stay up.',
    role: 'server',
    effect: 'change',
    input: listenerFields,
    output: listenerFields,
    run: async (context, input, call) => {
      const before = context.listeners.list().find((listener) => listener.port === input.Port);
      await context.listeners.delete(input.Port);
      call.changed(`listener ${input.Port}`, { isEnabled: before?.isEnabled }, undefined);
      return input;
    },
  }),
  operation({
    name: 'EnableListener',
    noun: 'listener',
    verb: 'enable',
    about: 'Starts or stops listening on a port that is in the list.',
    role: 'server',
    effect: 'change',
    input: listenerFields,
    output: listenerFields,
    run: async (context, input, call) => {
      const before = context.listeners.list().find((listener) => listener.port === input.Port);
      await context.listeners.enable(input.Port, input.Enable);
      call.changed(`listener ${input.Port}`, { isEnabled: before?.isEnabled }, { isEnabled: input.Enable });
      return input;
    },
  }),
  operation({
    name: 'GetPortsUDP',
    noun: 'listener',
    verb: 'list-udp',
    about: 'UDP ports that the server listens on: none.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { Ports: many(int()) },
    run: () => ({ Ports: [] }),
  }),
];
