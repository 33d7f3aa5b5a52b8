import type { JsonObject } from '../json-document.ts';
import type { Fields } from '../fields.ts';
import { nothingToShow, notEmpty, selectedHub } from './command.ts';
import type { Arguments, Command, CommandContext, Parameter } from './command.ts';
import { customCommand } from './kinds.ts';

export const userName: Parameter = {
  name: '[name]',
  help: 'The name of the user.',
  prompt: 'User Name: ',
  check: notEmpty,
};

/** All that SetUser takes; what is left out would be reset. */
const settable =
  /^(Name|GroupName|Realname|Note|AuthType|UsePolicy|policy:.*)_|^(HashedKey|NtLmSecureHash|UserX|Serial|CommonName|RadiusUsername|NtUsername)_/;

export const loadUser = ({ api, selection }: CommandContext, name: string): Promise<Fields> =>
  api.call('GetUser', { HubName_str: selection.hubName ?? '', Name_str: name });

/** Writes the user back with `changes`. */
export async function saveUser(context: CommandContext, user: Fields, changes: JsonObject): Promise<void> {
  const kept = Object.entries(user.object).filter(([field]) => settable.test(field));
  // A user who never expires has no time at all; sending "never" as a date would store that date.
  const expires: JsonObject =
    user.timeMs('ExpireTime') === 0 ? {} : { ExpireTime_dt: user.object['ExpireTime_dt'] ?? '' };
  await context.api.call('SetUser', {
    ...Object.fromEntries(kept),
    ...expires,
    HubName_str: selectedHub(context),
    ...changes,
  });
}

export interface UserChange {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** Besides the user's name. */
  readonly parameters?: readonly Parameter[];
  readonly change: (context: CommandContext, args: Arguments, user: Fields) => JsonObject | Promise<JsonObject>;
}

/** Reads a user, changes something, writes all of it back. */
export const userChange = ({ change, parameters = [], ...basics }: UserChange): Command =>
  customCommand({
    ...basics,
    parameters: [userName, ...parameters],
    needsHub: true,
    calls: ['GetUser', 'SetUser'],
    run: async (context, args) => {
      const user = await loadUser(context, args.text('[name]'));
      await saveUser(context, user, await change(context, args, user));
      return nothingToShow;
    },
  });
