import { ErrorCode } from '#softether';
import { joined } from '../cluster/spread.ts';
import { int, int64, list, str, time } from '../schema/field.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';
import { sipOf } from './sip-control.ts';

export const sipStatusOperations = [
  operation({
    name: 'HubfarmSipGetStatus',
    noun: 'sip',
    verb: 'status',
    about: 'What the SIP server listens on, on each member, and what it has counted since its start.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      NumDomains: int(),
      NumAccounts: int(),
      NumRegisteredAccounts: int(),
      NumContacts: int(),
      ListenerList: list({
        Member: str(),
        Transport: str('udp, tcp, tls, ws or wss'),
        Address: str(),
        Port: int(),
        Error: str('why it is not open; empty: it is'),
      }),
      FigureList: list({ Member: str(), Name: str(), Value: int64() }),
    },
    run: (context) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const { listeners, figures } = sip.status();
      const Member = nameHere(context);
      return {
        NumDomains: sip.directory.domains().length,
        NumAccounts: sip.directory.accountCount,
        NumRegisteredAccounts: sip.registrations.accountCount,
        NumContacts: sip.registrations.bindingCount,
        ListenerList: listeners.map(({ transport, address, port, error = '' }) => ({
          Member,
          Transport: transport,
          Address: address,
          Port: port,
          Error: error,
        })),
        FigureList: figures.map(([Name, Value]) => ({ Member, Name, Value })),
      };
    },
    across: joined(([own, ...others]) => ({
      ...own!.output,
      ListenerList: [own!, ...others].flatMap(({ output }) => output.ListenerList),
      FigureList: [own!, ...others].flatMap(({ output }) => output.FigureList),
    })),
  }),
  operation({
    name: 'HubfarmSipEnumBan',
    noun: 'sip',
    verb: 'bans',
    about: 'Addresses and SIP accounts that are kept out after too many wrong passwords, on each member.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      BanList: list({
        Member: str(),
        Kind: str('address, user, or userAtAddress'),
        Address: str('empty: from anywhere'),
        Account: str('empty: anybody'),
        SinceTime: time(),
        UntilTime: time(),
      }),
    },
    run: (context) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      return {
        BanList: sip.bans().map((ban) => ({
          Member: nameHere(context),
          Kind: ban.kind,
          Address: ban.address,
          Account: ban.user,
          SinceTime: ban.sinceMs,
          UntilTime: ban.untilMs,
        })),
      };
    },
    across: joined((outputs) => ({ BanList: outputs.flatMap(({ output }) => output.BanList) })),
  }),
  operation({
    name: 'HubfarmSipLiftBan',
    noun: 'sip',
    verb: 'unban',
    about: 'Lets an address or a SIP account try again at once, on every member.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Target: str('address or user@domain') },
    output: { Target: str(), NumLifted: int('members that had banned it') },
    run: (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      if (!sip.liftBan(input.Target))
        return refuse(ErrorCode.OBJECT_NOT_FOUND, `nothing is banned under "${input.Target}"`);
      call.changed(`SIP ban of ${input.Target}`, {}, undefined);
      return { Target: input.Target, NumLifted: 1 };
    },
    across: async (asked) => {
      const { input, call } = asked;
      const [mine, theirs] = await Promise.all([asked.own(), asked.others.ask(asked.operation, input)]);
      const lifted = [mine, ...theirs.map(({ answer }) => answer)].filter((answer) => !(answer instanceof Refusal));
      if (lifted.length === 0) return mine;
      if (mine instanceof Refusal) call.changed(`SIP ban of ${input.Target}`, {}, undefined);
      return { Target: input.Target, NumLifted: lifted.length };
    },
  }),
];
