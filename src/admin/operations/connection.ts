import { memberName } from '#cluster';
import { ErrorCode, type ConnectionInfo } from '#softether';
import { int, ip, list, str, time, type Fields } from '../schema/field.ts';
import { joined } from '../cluster/spread.ts';
import { operation, type Across } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';

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

/** Names of connections are those of one member each: where it is another one, its name follows. */
const MEMBER_MARK = '@';

/** `CID-5@b` is the connection CID-5 of the member b; without a member it is one of this member. */
function ofMember<O extends Fields>(target: string): Across<typeof nameFields, O> {
  return async (asked) => {
    const { operation, input, call, others } = asked;
    const mark = input.Name.indexOf(MEMBER_MARK);
    if (mark === -1) return asked.own();
    const name = input.Name.slice(mark + 1);
    if (name.toLowerCase() === memberName(others.self).toLowerCase())
      return asked.own({ Name: input.Name.slice(0, mark) });
    const member = others.named(name);
    const there = { Name: input.Name.slice(0, mark) };
    const answer = member === undefined ? undefined : await others.askOne(member, operation, there);
    if (answer === undefined) return notFound(input.Name);
    if (!(answer instanceof Refusal) && operation.effect === 'change') {
      call.changed(`${target} ${input.Name}`, {}, undefined);
    }
    return answer;
  };
}

export const connectionOperations = [
  operation({
    name: 'EnumConnection',
    noun: 'connection',
    verb: 'list',
    about:
      'TCP connections that belong to no session: log-ins under way, and administrators. In a cluster those of all ' +
      'members; the name of the member follows the @.',
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
    across: joined((outputs) => ({
      ConnectionList: outputs.flatMap(({ isSelf, name, output }) =>
        output.ConnectionList.map((row) => (isSelf ? row : { ...row, Name: `${row.Name}${MEMBER_MARK}${name}` })),
      ),
    })),
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
    across: ofMember('connection'),
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
    across: ofMember('connection'),
  }),
];
