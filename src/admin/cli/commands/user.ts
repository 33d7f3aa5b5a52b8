import type { Fields } from '../fields.ts';
import type { JsonObject } from '../json-document.ts';
import { cell, grouped, integer, moment, none, plain, type Cell } from '../output/cell.ts';
import { nothingToShow, selectedHub, type Command, type CommandContext, type Parameter } from './command.ts';
import { actionCommand, customCommand, listCommand } from './kinds.ts';
import { sumOf, transferredBytes, transferredPackets } from './traffic.ts';
import { userGet } from './user-get.ts';
import { userChange, userName } from './user-record.ts';
import { AuthType, authType } from './words.ts';

const details: readonly Parameter[] = [
  { name: 'GROUP', help: 'The group that the user is in; none = no group.', prompt: 'Assigned Group Name: ' },
  { name: 'REALNAME', help: 'The full name of the person; none = not given.', prompt: 'User Full Name: ' },
  { name: 'NOTE', help: 'Anything worth knowing; none = nothing.', prompt: 'User Description: ' },
];

/**
 * vpncmd adds the broadcast bytes, not the broadcast frames, that were sent. `hubfarm cmd` shows what vpncmd shows: both
 * are used side by side, and compared.
 */
const packetsAsVpncmd = (row: Fields): Cell =>
  grouped(
    sumOf(row, ['Ex.Recv.BroadcastCount', 'Ex.Recv.UnicastCount', 'Ex.Send.BroadcastBytes', 'Ex.Send.UnicastCount']),
  );

function expiry(row: Fields): Cell {
  if (!row.flag('IsExpiresFilled')) return none;
  const at = row.timeMs('Expires');
  return at === 0 ? cell('No Expiration', null) : moment(at);
}

/** A user that nobody can log in as until a password or another way to log in is set; `*` asks a RADIUS server. */
const newUserAuth = ({ random }: CommandContext, name: string): JsonObject =>
  name === '*'
    ? { AuthType_u32: AuthType.radius, RadiusUsername_utf: '' }
    : {
        AuthType_u32: AuthType.password,
        HashedKey_bin: random.bytes(20).toString('base64'),
        NtLmSecureHash_bin: random.bytes(16).toString('base64'),
      };

export const userCommands: readonly Command[] = [
  listCommand({
    name: 'UserList',
    title: 'Get List of Users',
    help: 'Lists the users of the hub with how they log in, when they last did, and what they transferred.',
    needsHub: true,
    call: 'EnumUser',
    group: 'UserList',
    view: 'records',
    columns: [
      { key: 'name', title: 'User Name', value: (row) => plain(row.text('Name')) },
      { key: 'realName', title: 'Full Name', value: (row) => plain(row.text('Realname')) },
      {
        key: 'group',
        title: 'Group Name',
        value: (row) => (row.text('GroupName') === '' ? none : plain(row.text('GroupName'))),
      },
      { key: 'note', title: 'Description', value: (row) => plain(row.text('Note')) },
      { key: 'auth', title: 'Auth Method', value: (row) => authType(row.integer('AuthType')) },
      { key: 'logins', title: 'Num Logins', value: (row) => integer(row.integer('NumLogin')) },
      { key: 'lastLoginAt', title: 'Last Login', value: (row) => moment(row.timeMs('LastLoginTime')) },
      { key: 'expiresAt', title: 'Expiration Date', value: expiry },
      {
        key: 'transferBytes',
        title: 'Transfer Bytes',
        value: (row) => (row.flag('IsTrafficFilled') ? grouped(transferredBytes(row)) : none),
      },
      {
        key: 'transferPackets',
        title: 'Transfer Packets',
        value: (row) => (row.flag('IsTrafficFilled') ? cell(packetsAsVpncmd(row).text, transferredPackets(row)) : none),
      },
    ],
  }),
  customCommand({
    name: 'UserCreate',
    title: 'Create User',
    help: 'Makes a user who cannot log in yet: set a password (UserPasswordSet) or another way to log in afterwards.',
    parameters: [userName, ...details],
    needsHub: true,
    calls: ['CreateUser'],
    run: async (context, args) => {
      const name = args.text('[name]').trim();
      await context.api.call('CreateUser', {
        HubName_str: selectedHub(context),
        Name_str: name,
        GroupName_str: args.text('GROUP'),
        Realname_utf: args.text('REALNAME'),
        Note_utf: args.text('NOTE'),
        ...newUserAuth(context, name),
      });
      return nothingToShow;
    },
  }),
  userChange({
    name: 'UserSet',
    title: 'Change User Information',
    help: 'Changes the group, full name and description of a user.',
    parameters: details,
    change: (_context, args) => ({
      GroupName_str: args.text('GROUP'),
      Realname_utf: args.text('REALNAME'),
      Note_utf: args.text('NOTE'),
    }),
  }),
  actionCommand({
    name: 'UserDelete',
    title: 'Delete User',
    help: 'Deletes a user. Sessions that the user has stay until they end: see SessionDisconnect.',
    parameters: [userName],
    needsHub: true,
    call: 'DeleteUser',
    params: (args) => ({ Name_str: args.text('[name]') }),
  }),
  userGet,
];
