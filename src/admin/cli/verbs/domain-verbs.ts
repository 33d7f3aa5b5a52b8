import { integer, moment, plain } from '../output/cell.ts';
import { showTable } from '../commands/command.ts';
import { said, type Verb, type VerbOption } from './verb.ts';

const aliasOption: VerbOption = {
  flags: '--alias <names>',
  about: 'other host names or addresses of the same domain, with commas',
};

const namesOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** SIP domains: SoftEther has none. */
export const domainVerbs: readonly Verb[] = [
  {
    noun: 'domain',
    verb: 'add',
    about: 'make a SIP domain',
    words: ['<domain>'],
    options: [aliasOption],
    run: async ({ api, options }, [domain = '']) => {
      const params = { Domain_str: domain, Aliases_str: namesOf(options.text('alias')) };
      const name = (await api.call('HubfarmSipCreateDomain', params)).text('Domain');
      return said(`domain ${name} added`, { domain: name });
    },
  },
  {
    noun: 'domain',
    verb: 'set',
    about: 'give a SIP domain other aliases',
    words: ['<domain>'],
    options: [aliasOption],
    run: async ({ api, options }, [domain = '']) => {
      const aliases = namesOf(options.text('alias'));
      await api.call('HubfarmSipSetDomain', { Domain_str: domain, Aliases_str: aliases });
      return said(`domain ${domain} changed`, { domain, aliases });
    },
  },
  {
    noun: 'domain',
    verb: 'list',
    about: 'list the SIP domains',
    run: async ({ api }) => {
      const rows = (await api.call('HubfarmSipEnumDomain')).rows('DomainList');
      return showTable({
        kind: 'grid',
        columns: [
          { key: 'domain', title: 'Domain' },
          { key: 'aliases', title: 'Aliases' },
          { key: 'accounts', title: 'Accounts', isRight: true },
          { key: 'createdAt', title: 'Created' },
        ],
        rows: rows.map((row) => [
          plain(row.text('Domain')),
          plain(row.text('Aliases')),
          integer(row.integer('NumAccounts')),
          moment(row.timeMs('CreatedTime')),
        ]),
      });
    },
  },
  {
    noun: 'domain',
    verb: 'remove',
    about: 'remove a SIP domain with all its accounts',
    words: ['<domain>'],
    run: async ({ api }, [domain = '']) => {
      const accounts = (await api.call('HubfarmSipDeleteDomain', { Domain_str: domain })).integer('NumAccounts');
      return said(`domain ${domain} removed, with ${accounts} accounts`, { domain, accounts });
    },
  },
];
