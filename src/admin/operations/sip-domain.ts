import { int, list, many, str, time } from '../schema/field.ts';
import { operation } from './operation.ts';
import { Refusal } from './refusal.ts';
import { sipOf } from './sip-control.ts';

const domainFields = { Domain: str('host name or IP address'), Aliases: many(str('other names of the same domain')) };

export const sipDomainOperations = [
  operation({
    name: 'HubfarmSipCreateDomain',
    noun: 'domain',
    verb: 'add',
    about: 'Makes a SIP domain. Its name is the realm of the passwords of its accounts.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: domainFields,
    output: domainFields,
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const domain = await sip.directory.createDomain(input.Domain, input.Aliases);
      call.changed(`SIP domain ${domain.name}`, undefined, domain);
      return { Domain: domain.name, Aliases: domain.aliases };
    },
  }),
  operation({
    name: 'HubfarmSipSetDomain',
    noun: 'domain',
    verb: 'set',
    about: 'Gives a SIP domain other aliases than it has.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: domainFields,
    output: domainFields,
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const before = sip.directory.domain(input.Domain);
      const after = await sip.directory.setDomainAliases(input.Domain, input.Aliases);
      call.changed(`SIP domain ${after.name}`, before, after);
      return { Domain: after.name, Aliases: after.aliases };
    },
  }),
  operation({
    name: 'HubfarmSipDeleteDomain',
    noun: 'domain',
    verb: 'remove',
    about: 'Removes a SIP domain with all its accounts. Calls that are up go on.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Domain: str() },
    output: { Domain: str(), NumAccounts: int('that were removed with it') },
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const before = sip.directory.domain(input.Domain);
      const count = before === undefined ? 0 : sip.directory.countOf(before.name);
      await sip.directory.deleteDomain(input.Domain);
      call.changed(`SIP domain ${input.Domain}`, { ...before, accounts: count }, undefined);
      return { Domain: input.Domain, NumAccounts: count };
    },
  }),
  operation({
    name: 'HubfarmSipEnumDomain',
    noun: 'domain',
    verb: 'list',
    about: 'The SIP domains of this server.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      DomainList: list({ Domain: str(), Aliases: str('with commas'), NumAccounts: int(), CreatedTime: time() }),
    },
    run: (context) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      return {
        DomainList: sip.directory.domains().map(({ name, aliases, createdAtMs }) => ({
          Domain: name,
          Aliases: aliases.join(','),
          NumAccounts: sip.directory.countOf(name),
          CreatedTime: createdAtMs,
        })),
      };
    },
  }),
];
