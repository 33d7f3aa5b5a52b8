import { ErrorCode, type ConnectionInfo } from '#softether';
import { int, ip, list, str, time } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse, type Refusal } from './refusal.ts';

/** SoftEther's numbers for what a connection is doing. */
const typeNumbers: { readonly [T in ConnectionInfo['type']]: number } = {
  client: 0,
  init: 1,
  login: 2,
  additional: 3,
  farmRpc: 4,
  adminRpc: 5,
  enumHub: 6,
  password: 7,
};

const nameFields = { Name: str('CID-…') };

function notFound(name: string): Refusal {
  return name === ''
    ? refuse(ErrorCode.INVALID_PARAMETER, 'Name must name a connection')
    : refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no connection "${name}"`);
}

export const connectionOperations = [
  operation({
    name: 'EnumConnection',
    noun: 'connection',
    verb: 'list',
    about: 'TCP connections that belong to no session: log-ins under way, and administrators.',
    role: 'server',
    effect: 'read',
    input: {},
    output: {
      ConnectionList: list({
        Ip: ip(),
        Port: int(),
        Name: str(),
        Hostname: str(),
        ConnectedTime: time(),
        Type: int('1 new, 2 log-in, 3 additional, 5 administration, 6 list of hubs, 7 password change'),
      }),
    },
    run: (context) => ({
      ConnectionList: context.server.connections().map((connection) => ({
        Ip: connection.remote.address,
        Port: connection.remote.port,
        Name: connection.name,
        Hostname: connection.hostname,
        ConnectedTime: connection.connectedAtMs,
        Type: typeNumbers[connection.type],
      })),
    }),
  }),
  operation({
    name: 'GetConnectionInfo',
    noun: 'connection',
    verb: 'show',
    about: 'One connection, with what its client says of itself.',
    role: 'server',
    effect: 'read',
    input: nameFields,
    output: {
      Name: str(),
      Ip: ip(),
      Port: int(),
      ConnectedTime: time(),
      Hostname: str(),
      ServerStr: str(),
      ClientStr: str(),
      ServerVer: int(),
      ServerBuild: int(),
      ClientVer: int(),
      ClientBuild: int(),
      Type: int(),
    },
    run: (context, input) => {
      const connection = context.server.connection(input.Name);
      if (connection === undefined) return notFound(input.Name);
      return {
        Name: connection.name,
        Ip: connection.remote.address,
        Port: connection.remote.port,
        ConnectedTime: connection.connectedAtMs,
        Hostname: connection.hostname,
        ServerStr: connection.serverProduct,
        ClientStr: connection.clientProduct,
        ServerVer: connection.serverVersion,
        ServerBuild: connection.serverBuild,
        ClientVer: connection.clientVersion,
        ClientBuild: connection.clientBuild,
        Type: typeNumbers[connection.type],
      };
    },
  }),
  operation({
    name: 'DisconnectConnection',
    noun: 'connection',
    verb: 'disconnect',
    about: 'Closes a connection that belongs to no session.',
    role: 'server',
    effect: 'change',
    input: nameFields,
    output: nameFields,
    run: (context, input, call) => {
      const connection = context.server.connection(input.Name);
      if (connection === undefined || !context.server.disconnect(input.Name)) return notFound(input.Name);
      const { address, port } = connection.remote;
      call.changed(
        `connection ${connection.name}`,
        { from: `${address} port ${port}`, type: connection.type },
        undefined,
      );
      return input;
    },
  }),
];
