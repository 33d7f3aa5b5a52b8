import type { Fields } from '../fields.ts';
import type { JsonObject } from '../json-document.ts';
import { cell, integer } from '../output/cell.ts';
import { hubPasswordHashes } from '../password-hashes.ts';
import { nothingToShow, notEmpty, selectedHub, type Arguments, type Command, type Parameter } from './command.ts';
import { customCommand, propertyTable, type Item } from './kinds.ts';
import { hubType, onlineOrOffline } from './words.ts';

interface OptionSpec {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly parameters?: readonly Parameter[];
  readonly change: (args: Arguments) => JsonObject;
}

/** Reads the hub's options, changes some, writes all: a field that is missing would be set to zero. */
const setOption = ({ change, ...basics }: OptionSpec): Command =>
  customCommand({
    ...basics,
    needsHub: true,
    calls: ['GetHub', 'SetHub'],
    run: async (context, args) => {
      const hub = await context.api.call('GetHub', { HubName_str: selectedHub(context) });
      await context.api.call('SetHub', { ...hub.object, ...change(args) });
      return nothingToShow;
    },
  });

const sessionLimit = (hub: Fields): number => hub.integer('MaxSession');

const optionItems: readonly Item[] = [
  {
    key: 'anonymousEnumeration',
    title: 'Enumeration of Virtual Hub for Anonymous User',
    value: (a) => cell(a.flag('NoEnum') ? 'Deny' : 'Allow', !a.flag('NoEnum')),
  },
  {
    key: 'maxSessions',
    title: 'Max Number of Sessions',
    value: (a) => (sessionLimit(a) === 0 ? cell('Infinite', null) : integer(sessionLimit(a))),
  },
  { key: 'online', title: 'Status', value: (a) => onlineOrOffline(a.flag('Online')) },
  { key: 'type', title: 'Virtual Hub Type', value: (a) => hubType(a.integer('HubType')) },
];

export const hubOptionCommands: readonly Command[] = [
  customCommand({
    name: 'OptionsGet',
    title: 'Get Options Setting of Virtual Hubs',
    help: 'Shows the hub’s session limit, and whether anybody may see it in the list of hubs.',
    needsHub: true,
    calls: ['GetHub'],
    run: async (context) => {
      const hub = await context.api.call('GetHub', { HubName_str: selectedHub(context) });
      const title = `Options Setting List of Virtual Hub "${selectedHub(context)}"`;
      return {
        blocks: [
          { kind: 'text', lines: [title] },
          { kind: 'table', table: propertyTable(optionItems, hub) },
        ],
      };
    },
  }),
  setOption({
    name: 'SetMaxSession',
    title: 'Set the Max Number of Concurrently Connected Sessions for Virtual Hub',
    help: 'Limits how many sessions the hub takes at a time. Sessions above a new limit stay.',
    parameters: [
      { name: '[max_session]', help: 'The limit; 0 = none.', prompt: 'Max Number of Sessions: ', check: notEmpty },
    ],
    change: (args) => ({ MaxSession_u32: args.integer('[max_session]') }),
  }),
  setOption({
    name: 'SetHubPassword',
    title: 'Set Virtual Hub Administrator Password',
    help: 'Sets the password with which somebody may administer this hub alone.',
    parameters: [{ name: '[password]', help: 'The new password.', prompt: 'Password: ', isSecret: true }],
    change: (args) => hubPasswordHashes(args.text('[password]')),
  }),
  setOption({
    name: 'SetEnumAllow',
    title: 'Allow Enumeration by Virtual Hub Anonymous Users',
    help: 'Shows the hub to anybody who asks the server for its hubs.',
    change: () => ({ NoEnum_bool: false }),
  }),
  setOption({
    name: 'SetEnumDeny',
    title: 'Deny Enumeration by Virtual Hub Anonymous Users',
    help: 'Hides the hub from those who ask the server for its hubs.',
    change: () => ({ NoEnum_bool: true }),
  }),
];
