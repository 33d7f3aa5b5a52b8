import { ladders } from '#sip';
import { ErrorCode } from '#softether';
import { joined } from '../cluster/spread.ts';
import { bool, int, list, str, unistr } from '../schema/field.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';
import { sipOf } from './sip-control.ts';

const defaultSeconds = 60;
const maxSeconds = 600;

const notHere = (): Refusal => refuse(ErrorCode.NOT_SUPPORTED, 'this server cannot trace SIP messages');

export const sipTraceOperations = [
  operation({
    name: 'HubfarmSipStartTrace',
    noun: 'sip',
    verb: 'trace --start',
    about:
      'Begins to keep SIP messages in memory on every member, for HubfarmSipGetTrace. What was kept before is forgotten. ' +
      'People say things in messages that are meant for others: the audit log says who looked.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: {
      Match: str('what must stand in the head of some message of a call, or in its address; empty: all'),
      Seconds: int(`1 to ${maxSeconds}; 0 = ${defaultSeconds}`),
    },
    output: { Match: str(), Seconds: int(), NumMembers: int('that look') },
    run: (context, { Match, Seconds }, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      if (sip.trace === undefined) return notHere();
      const seconds = Seconds === 0 ? defaultSeconds : Math.min(Seconds, maxSeconds);
      sip.trace.start({ match: Match, durationMs: seconds * 1000 });
      call.changed('SIP trace', {}, { match: Match, seconds });
      return { Match, Seconds: seconds, NumMembers: 1 };
    },
    across: joined((outputs) => ({ ...outputs[0]!.output, NumMembers: outputs.length })),
  }),
  operation({
    name: 'HubfarmSipGetTrace',
    noun: 'sip',
    verb: 'trace',
    about: 'The calls that were seen since HubfarmSipStartTrace, as ladders of text, for each member.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      TraceList: list({
        Member: str(),
        Looking: bool('it still keeps messages'),
        NumMessages: int(),
        NumLost: int('messages that there was no room for'),
        Ladders: unistr(),
      }),
    },
    run: (context) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      if (sip.trace === undefined) return notHere();
      const seen = sip.trace.result();
      if (seen === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, 'nobody traces SIP messages: start it first');
      const { messages, lost, isLooking } = seen;
      const row = { Looking: isLooking, NumMessages: messages.length, NumLost: lost, Ladders: ladders(messages) };
      return { TraceList: [{ Member: nameHere(context), ...row }] };
    },
    across: joined((outputs) => ({ TraceList: outputs.flatMap(({ output }) => output.TraceList) })),
  }),
];
