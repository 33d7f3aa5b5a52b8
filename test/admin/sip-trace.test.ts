import { afterEach, beforeEach, expect, test } from 'vitest';
import { sipControl, type AdminContext } from '#admin';
import { Lifecycle, silentLogger } from '#base';
import { createNodeRandom } from '#io/node';
import { VirtualClock } from '#io/sim';
import { defaultRegistrarSettings, defaultSipGuardLimits, openSipAccounts } from '#sip';
import { decodeMessage } from '../../src/sip/message/decode.ts';
import { SipMessage } from '../../src/sip/message/sip-message.ts';
import { MessageTrace } from '../../src/sip/trace/message-trace.ts';
import { rfc4475 } from '../sip/message/vectors.ts';
import { openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;
let context: AdminContext;
let lifecycle: Lifecycle;
let trace: MessageTrace;
const clock = new VirtualClock();

beforeEach(async () => {
  fixture = await openFixture();
  lifecycle = new Lifecycle();
  const accounts = await openSipAccounts(
    {
      backplane: fixture.backplane,
      clock: fixture.clock,
      random: createNodeRandom(),
      logger: silentLogger,
      member: '',
      settings: {
        nonceLifetimeS: 300,
        digestAlgorithms: ['MD5'],
        guard: defaultSipGuardLimits,
        registrar: defaultRegistrarSettings,
      },
    },
    lifecycle,
  );
  trace = new MessageTrace(clock);
  const status = () => ({ listeners: [], figures: [] });
  context = { ...fixture.context, sip: sipControl(accounts, fixture.clock, status, trace) };
});
afterEach(async () => {
  await lifecycle.stop();
  await fixture.close();
});

test('a trace of SIP messages is begun, noted in the audit log, and shown as ladders', async () => {
  expect(await callJson(context, 'HubfarmSipGetTrace', {})).toMatchObject({ error: { code: 29 } });
  expect(await callJson(context, 'HubfarmSipStartTrace', { Match_str: 'example.com', Seconds_u32: 5 })).toMatchObject({
    result: { Seconds_u32: 5, NumMembers_u32: 1 },
  });
  const message = decodeMessage(rfc4475('lwsdisp'));
  if (!(message instanceof SipMessage)) throw new Error(message.reason);
  trace.received(message, 'udp 192.0.2.7:5060');
  clock.advance(5000);
  const answer = await callJson(context, 'HubfarmSipGetTrace', {});
  const { TraceList } = ('result' in answer ? answer.result : {}) as { TraceList?: Record<string, unknown>[] };
  const row = TraceList?.[0];
  expect(row).toMatchObject({ Looking_bool: false, NumMessages_u32: 1, NumLost_u32: 0 });
  expect(row?.['Ladders_utf']).toContain('OPTIONS');
  expect(fixture.auditLines.join('\n')).toContain('SIP trace');
});
