import { ErrorCode } from '#softether';
import { bool, int, list, str, time } from '../schema/field.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { sipOf } from './sip-control.ts';

const maxListed = 10_000;

export const sipRegistrationOperations = [
  operation({
    name: 'HubfarmSipEnumRegistration',
    noun: 'sip',
    verb: 'registrations',
    about: 'Where SIP accounts are registered, on all members, in the order of the accounts, a page at a time.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {
      Account: str('user@domain; empty: all'),
      Domain: str('empty: all'),
      After: str('user@domain that the page begins behind; empty: from the first'),
      Max: int(`accounts, 1 to ${maxListed}; 0 = ${maxListed}`),
    },
    output: {
      NumAccounts: int('registered in all'),
      NumContacts: int('of them in all'),
      RegistrationList: list({
        Account: str(),
        Contact: str(),
        ExpiresTime: time(),
        Transport: str('empty: by way of another proxy'),
        ReceivedFrom: str('address:port'),
        Member: str('that it is connected to; empty: this server'),
        BehindNat: bool(),
        Priority: int('q in thousandths'),
        UserAgent: str(),
        Instance: str(),
        CallId: str(),
        CSeq: int(),
        Path: str(),
      }),
    },
    run: (context, input) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const { registrations, directory } = sip;
      const max = input.Max === 0 ? maxListed : Math.min(input.Max, maxListed);
      const ending = input.Domain === '' ? '' : `@${input.Domain.toLowerCase()}`;
      const named = input.Account === '' ? undefined : (directory.account(input.Account)?.aor ?? input.Account);
      const wanted = named === undefined ? [...registrations.aors()] : [named];
      const aors = wanted.filter((aor) => aor > input.After && aor.endsWith(ending)).sort();
      return {
        NumAccounts: registrations.accountCount,
        NumContacts: registrations.bindingCount,
        RegistrationList: aors.slice(0, max).flatMap((aor) =>
          registrations.lookup(aor).map((binding) => ({
            Account: aor,
            Contact: binding.uri,
            ExpiresTime: binding.expiresAtS * 1000,
            Transport: binding.flow?.transport ?? '',
            ReceivedFrom: binding.flow === undefined ? '' : hostPort(binding.flow),
            Member: binding.flow?.member ?? '',
            BehindNat: binding.isBehindNat,
            Priority: binding.q,
            UserAgent: binding.userAgent,
            Instance: binding.instance,
            CallId: binding.callId,
            CSeq: binding.cseq,
            Path: binding.path.join(', '),
          })),
        ),
      };
    },
  }),
  operation({
    name: 'HubfarmSipDeleteRegistration',
    noun: 'sip',
    verb: 'unregister',
    about: 'Ends the registrations of a SIP account, or that of one contact. The telephone is not told.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Account: str('user@domain'), Contact: str('its URI; empty: all contacts') },
    output: { NumContacts: int('that were ended') },
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const aor = sip.directory.account(input.Account)?.aor ?? input.Account;
      const count = await sip.registrations.end(aor, input.Contact === '' ? undefined : input.Contact);
      if (count === 0) return refuse(ErrorCode.OBJECT_NOT_FOUND, `${input.Account} has no such registration`);
      call.changed(`registration of ${aor}`, { contacts: count, contact: input.Contact }, undefined);
      return { NumContacts: count };
    },
  }),
];

const hostPort = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
