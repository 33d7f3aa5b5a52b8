import { localError, usageError } from '../exit-code.ts';
import type { Fields } from '../fields.ts';
import type { Json, JsonObject } from '../json-document.ts';
import { plain } from '../output/cell.ts';
import type { Column, Table } from '../output/table.ts';
import { parseInteger, showTable, showText, notEmpty, type Command } from './command.ts';
import { customCommand } from './kinds.ts';
import { findPolicyItem, policyItems, policyRangeText, policyValueText, type PolicyItem } from './policy-items.ts';
import { userChange } from './user-record.ts';

const listColumns: readonly Column[] = [
  { key: 'name', title: 'Policy name' },
  { key: 'title', title: 'Simple description of policy' },
];

const fieldOf = ({ name, range }: PolicyItem): string => `policy:${name}_${range === undefined ? 'bool' : 'u32'}`;

const valueOf = (user: Fields, { name, range }: PolicyItem): number =>
  range === undefined ? Number(user.flag(`policy:${name}`)) : user.integer(`policy:${name}`);

const valueJson = (user: Fields, item: PolicyItem): Json =>
  item.range === undefined ? valueOf(user, item) !== 0 : valueOf(user, item);

/** The policy of a user: for people a table of three columns, for programs an object. */
export function policyTable(user: Fields): { readonly table: Table; readonly json: JsonObject } {
  const rows = policyItems.map((item) =>
    [item.name, item.title, policyValueText(item, valueOf(user, item))].map((text) => plain(text)),
  );
  return {
    table: { kind: 'grid', columns: [...listColumns, { key: 'value', title: 'Setting value' }], rows },
    json: Object.fromEntries(policyItems.map((item) => [item.name, valueJson(user, item)])),
  };
}

const defaultOf = ({ name, range }: PolicyItem): number => range?.byDefault ?? Number(name === 'Access');

/** What a user without a policy is treated by. */
const defaultPolicy = (): JsonObject =>
  Object.fromEntries(
    policyItems.map((item) => [fieldOf(item), item.range === undefined ? defaultOf(item) !== 0 : defaultOf(item)]),
  );

function describe(item: PolicyItem): string[] {
  const sections = {
    'Policy Name': item.name,
    'Simple Description of Policy': item.title,
    'Range of Settable Values': policyRangeText(item),
    'Default Value': policyValueText(item, defaultOf(item)),
    'Detailed Description of Policy': item.help,
  };
  return Object.entries(sections).flatMap(([title, text]) => [`[${title}]`, ` ${text}`, '']);
}

function parseValue(item: PolicyItem, text: string): boolean | number {
  const { range } = item;
  if (range === undefined) return /^[yt]/i.test(text) || parseInteger(text) !== 0;
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
  if ((value === 0 && range.isOptional) || (value >= range.min && value <= range.max)) return value;
  throw usageError(`Specify policy "${item.name}" within the range of ${policyRangeText(item)}.`);
}

export const policyCommands: readonly Command[] = [
  customCommand({
    name: 'PolicyList',
    title: 'Display List of Security Policy Types and Settable Values',
    help: 'Lists the items of security policies; with a name, what one of them does and which values it takes.',
    parameters: [{ name: '[name]', help: 'The item to describe.' }],
    calls: [],
    columns: listColumns,
    run: (_context, args) => {
      const typed = args.text('[name]');
      if (typed === '') {
        const rows = policyItems.map(({ name, title }) => [plain(name), plain(title)]);
        return Promise.resolve(showTable({ kind: 'grid', columns: listColumns, rows }));
      }
      const item = findPolicyItem(typed);
      if (item === undefined) return Promise.reject(localError('The specified policy name is invalid.'));
      const { name, title, help } = item;
      return Promise.resolve(showText(describe(item), { name, title, help, range: policyRangeText(item) }));
    },
  }),
  userChange({
    name: 'UserPolicyRemove',
    title: 'Delete User Security Policy',
    help: 'Takes the security policy away from a user, who is then treated by that of the group, or by the default.',
    change: () => ({ UsePolicy_bool: false }),
  }),
  userChange({
    name: 'UserPolicySet',
    title: 'Set User Security Policy',
    help: 'Changes one item of a user’s security policy; a user without one gets the default first.',
    parameters: [
      {
        name: 'NAME',
        help: 'The item, as PolicyList shows it.',
        prompt: 'Name of Policy Whose Value you want to Change: ',
        check: notEmpty,
      },
      {
        name: 'VALUE',
        help: 'The new value: yes or no, or a number.',
        prompt: 'Value to newly set: ',
        check: notEmpty,
      },
    ],
    change: (_context, args, user) => {
      const item = findPolicyItem(args.text('NAME'));
      if (item === undefined) {
        throw localError(`The specified policy name "${args.text('NAME')}" is invalid. PolicyList shows the names.`);
      }
      const start = user.flag('UsePolicy') ? {} : defaultPolicy();
      return { ...start, UsePolicy_bool: true, [fieldOf(item)]: parseValue(item, args.text('VALUE')) };
    },
  }),
];
