import type { UserRecord } from '#hub';
import { ErrorCode } from '#softether';
import { bool, int, list, optional, str, time, unistr, type ValueOf } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { hubOperation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { userStatisticsOf } from './statistics.ts';
import { ownPolicyFields, policyInput, policyOutput } from './structs/policy.ts';
import { trafficColumns, trafficFields, trafficOutput, trafficRow } from './structs/traffic.ts';
import { authFields, authInput, authInputFields, authOutput } from './user-auth.ts';

const nameFields = { HubName: str(), Name: str() };

/** RPC_SET_USER as it is given out. */
const userFields = {
  ...nameFields,
  GroupName: str(),
  Realname: unistr(),
  Note: unistr(),
  CreatedTime: time(),
  UpdatedTime: time(),
  ExpireTime: time('never: 1970-01-01T09:00:00.000Z'),
  ...authFields,
  NumLogin: int(),
  ...trafficFields,
  ...ownPolicyFields,
};

/** What may be changed of it. What is absent stays as it is, but for the policy: without UsePolicy there is none. */
const userInputFields = {
  ...nameFields,
  GroupName: optional(userFields.GroupName),
  Realname: optional(userFields.Realname),
  Note: optional(userFields.Note),
  ExpireTime: optional(userFields.ExpireTime),
  ...authInputFields,
  ...ownPolicyFields,
};

type UserInput = ValueOf<typeof userInputFields>;

const authTypeOf = (user: UserRecord): number => authOutput(user.auth).AuthType;
const notFound = (name: string): Refusal => refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no user "${name}"`);

function userOutput(context: AdminContext, hubName: string, user: UserRecord): ValueOf<typeof userFields> {
  const statistics = userStatisticsOf(context, hubName, user.name);
  return {
    HubName: hubName,
    Name: user.name,
    GroupName: user.groupName,
    Realname: user.realName,
    Note: user.note,
    CreatedTime: user.createdAtMs,
    UpdatedTime: user.updatedAtMs,
    ExpireTime: user.expiresAtMs,
    ...authOutput(user.auth),
    NumLogin: statistics.loginCount,
    ...trafficOutput(statistics.traffic),
    ...(user.policy === undefined ? {} : { UsePolicy: true, ...policyOutput(user.policy) }),
  };
}

/** The fields of a record that the input sets. */
function userChanges(input: UserInput): Partial<UserRecord> | Refusal {
  const auth = authInput(input.Name, input);
  if (auth instanceof Refusal) return auth;
  if (input.GroupName !== undefined && input.GroupName !== '') {
    return refuse(ErrorCode.GROUP_NOT_FOUND, `there is no group "${input.GroupName}"`);
  }
  return {
    ...(input.GroupName === undefined ? {} : { groupName: input.GroupName }),
    ...(input.Realname === undefined ? {} : { realName: input.Realname }),
    ...(input.Note === undefined ? {} : { note: input.Note }),
    ...(input.ExpireTime === undefined ? {} : { expiresAtMs: input.ExpireTime }),
    ...(auth === undefined ? {} : { auth }),
    policy: policyInput(input),
  };
}

/** `Administrator` is the hub's administrator; `*` stands for everybody whom RADIUS or an NT domain knows. */
function isReservedName(name: string): boolean {
  return name === '' || name === '*' || name.toLowerCase() === 'administrator';
}

export const userOperations = [
  hubOperation({
    name: 'CreateUser',
    noun: 'user',
    verb: 'create',
    about: 'Makes a user of a Virtual Hub.',
    effect: 'change',
    input: userInputFields,
    output: userFields,
    run: async (context, input, call, hub) => {
      if (isReservedName(input.Name)) {
        return refuse(ErrorCode.INVALID_PARAMETER, `"${input.Name}" cannot be the name of a user`);
      }
      const changes = userChanges({ ...input, AuthType: input.AuthType ?? 0 });
      if (changes instanceof Refusal) return changes;
      const now = context.clock.wallMs();
      const user: UserRecord = {
        name: input.Name,
        groupName: '',
        realName: '',
        note: '',
        auth: { kind: 'anonymous' },
        createdAtMs: now,
        updatedAtMs: now,
        expiresAtMs: 0,
        policy: undefined,
        ...changes,
      };
      await context.directory.createUser(hub.name, user);
      call.changed(`user ${user.name} of hub ${hub.name}`, undefined, user);
      return userOutput(context, hub.name, user);
    },
  }),
  hubOperation({
    name: 'SetUser',
    noun: 'user',
    verb: 'set',
    about: 'Changes a user: what is left out stays, except the policy, which goes if UsePolicy is not set.',
    effect: 'change',
    input: userInputFields,
    output: userFields,
    run: async (context, input, call, hub) => {
      const before = context.directory.user(hub.name, input.Name);
      if (before === undefined) return notFound(input.Name);
      const changes = userChanges(input);
      if (changes instanceof Refusal) return changes;
      const after = await context.directory.updateUser(hub.name, before.name, (user) => ({ ...user, ...changes }));
      call.changed(`user ${before.name} of hub ${hub.name}`, before, after);
      return userOutput(context, hub.name, after);
    },
  }),
  hubOperation({
    name: 'GetUser',
    noun: 'user',
    verb: 'show',
    about: 'One user, with the hashes of the password: clients change users by reading, changing and writing them.',
    effect: 'read',
    input: nameFields,
    output: userFields,
    run: (context, input, _call, hub) => {
      const user = context.directory.user(hub.name, input.Name);
      return user === undefined ? notFound(input.Name) : userOutput(context, hub.name, user);
    },
  }),
  hubOperation({
    name: 'DeleteUser',
    noun: 'user',
    verb: 'delete',
    about: 'Deletes a user. Sessions that are up go on.',
    effect: 'change',
    input: nameFields,
    output: nameFields,
    run: async (context, input, call, hub) => {
      const before = context.directory.user(hub.name, input.Name);
      if (before === undefined) return notFound(input.Name);
      await context.directory.deleteUser(hub.name, before.name);
      call.changed(`user ${before.name} of hub ${hub.name}`, before, undefined);
      return input;
    },
  }),
  hubOperation({
    name: 'EnumUser',
    noun: 'user',
    verb: 'list',
    about: 'The users of a Virtual Hub.',
    effect: 'read',
    input: { HubName: str() },
    output: {
      HubName: str(),
      UserList: list({
        Name: str(),
        GroupName: str(),
        Realname: unistr(),
        Note: unistr(),
        AuthType: int(),
        LastLoginTime: time(),
        NumLogin: int(),
        DenyAccess: bool(),
        IsTrafficFilled: bool(),
        ...trafficColumns,
        IsExpiresFilled: bool(),
        Expires: time(),
      }),
    },
    run: (context, _input, _call, hub) => ({
      HubName: hub.name,
      UserList: context.directory.users(hub.name).map((user) => {
        const statistics = userStatisticsOf(context, hub.name, user.name);
        return {
          Name: user.name,
          GroupName: user.groupName,
          Realname: user.realName,
          Note: user.note,
          AuthType: authTypeOf(user),
          LastLoginTime: statistics.lastLoginAtMs,
          NumLogin: statistics.loginCount,
          DenyAccess: user.policy?.Access === false,
          IsTrafficFilled: true,
          ...trafficRow(statistics.traffic),
          IsExpiresFilled: true,
          Expires: user.expiresAtMs,
        };
      }),
    }),
  }),
];
