import { runNamed, namedVerb, said, type Verb } from './verb.ts';

export const licenceVerbs: readonly Verb[] = [
  namedVerb({
    noun: 'licence',
    verb: 'list',
    about: 'list the licences that are registered',
    command: 'LicenseList',
    screenColumns: ['number', 'id', 'name', 'server', 'status', 'expiresAt'],
  }),
  namedVerb({
    noun: 'licence',
    verb: 'status',
    about: 'show the edition of the server and the sessions that licences allow',
    command: 'LicenseStatus',
  }),
  {
    noun: 'licence',
    verb: 'add',
    about: 'register a licence, at the controller of a cluster',
    words: ['<line>'],
    options: [{ flags: '--for <server>', about: 'the server of the cluster that it is for; without: this one' }],
    run: async (context, [line = '']) => {
      const server = context.options.text('for');
      await runNamed(context, 'LicenseAdd', { '[key]': server === undefined ? line : `${line}@${server}` });
      return said(`licence registered${server === undefined ? '' : ` for ${server}`}`, { server: server ?? null });
    },
  },
  namedVerb({
    noun: 'licence',
    verb: 'delete',
    about: 'take a licence away',
    words: ['<number>'],
    command: 'LicenseDel',
    parameters: ['[id]'],
    done: 'licence % deleted',
  }),
];
