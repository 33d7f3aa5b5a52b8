import { describe, expect, test } from 'vitest';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();
const document = '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@farm.test"/>';

/** RFC 3261 §8.2.6.2. */
function hasToTag(answer: string): boolean {
  return /;tag=[^;]+$/.test(fields(answer, 'To')[0] ?? '');
}

describe('SUBSCRIBE (RFC 6665)', () => {
  test.each([
    ['no Event', [], 489],
    ['an unknown Event', ['Event: weather'], 489],
    ['too short a time', ['Event: presence', 'Expires: 10'], 423],
    ['documents that are none of it', ['Event: presence', 'Accept: text/plain'], 406],
    ['an option that is not there', ['Event: presence', 'Require: eventlist'], 420],
  ] as const)('with %s is refused, with a tag', async (_name, lines, status) => {
    const watcher = await server.peer();
    const answer = await watcher.ask('SUBSCRIBE', { uri: `sip:${server.user()}@farm.test`, lines });
    expect([statusOf(answer), hasToTag(answer)]).toEqual([status, true]);
    if (status === 489) expect(fields(answer, 'Allow-Events')).toEqual(['presence, dialog, reg, message-summary']);
  });

  test('for no time at all fetches the state once', async () => {
    const watcher = await server.peer();
    const uri = `sip:${server.user()}@farm.test`;
    const answer = await watcher.ask('SUBSCRIBE', { uri, lines: ['Event: presence', 'Expires: 0'] });
    expect([statusOf(answer), ...fields(answer, 'Expires')]).toEqual([200, '0']);
    const notify = await watcher.hears(/^NOTIFY/);
    expect(fields(notify, 'Subscription-State')).toEqual(['terminated;reason=timeout']);
    watcher.answer(notify, '200 OK');
  });

  test('is refreshed and ended in its dialog; another dialog, and an old request, are not it', async () => {
    const watcher = await server.peer();
    const uri = `sip:${server.user()}@farm.test`;
    const dialog = { uri, callId: 'watch-1', to: `<${uri}>` };
    const lines = ['Event: presence', 'Expires: 600'];
    const begun = await watcher.ask('SUBSCRIBE', { ...dialog, lines });
    const toTag = /tag=(.*)$/.exec(fields(begun, 'To')[0]!)![1]!;
    watcher.answer(await watcher.hears(/^NOTIFY/), '200 OK');
    const ask = async (more: object): Promise<number> =>
      statusOf(await watcher.ask('SUBSCRIBE', { ...dialog, toTag, lines, ...more }));
    expect(await ask({ cseq: 2, toTag: 'other' })).toBe(481);
    expect(await ask({ cseq: 2, lines: ['Event: presence;id=7', 'Expires: 600'] })).toBe(481);
    expect(await ask({ cseq: 5 })).toBe(200);
    watcher.answer(await watcher.hears(/^NOTIFY/), '200 OK');
    expect(await ask({ cseq: 4 })).toBe(500);
    expect(await ask({ cseq: 6, lines: ['Event: presence', 'Expires: 0'] })).toBe(200);
    const last = await watcher.hears(/^NOTIFY/);
    expect(fields(last, 'Subscription-State')).toEqual(['terminated;reason=timeout']);
    watcher.answer(last, '200 OK');
    expect(await ask({ cseq: 7 })).toBe(481);
  });
});

describe('PUBLISH (RFC 3903)', () => {
  test('goes on under the newest entity-tag only, and every answer has a tag', async () => {
    const phone = await server.peer();
    const address = `sip:${server.user()}@farm.test`;
    const common = { uri: address, from: `<${address}>`, to: `<${address}>` };
    const publish = async (lines: readonly string[], body = ''): Promise<string> => {
      const answer = await phone.ask('PUBLISH', { ...common, lines: ['Event: presence', ...lines], body });
      expect([lines, hasToTag(answer)]).toEqual([lines, true]);
      return answer;
    };
    const typed = ['Content-Type: application/pidf+xml'];
    const [first] = fields(await publish(typed, document), 'SIP-ETag');
    const renewed = await publish([`SIP-If-Match: ${first!}`, 'Expires: 600']);
    const [second] = fields(renewed, 'SIP-ETag');
    expect([statusOf(renewed), ...fields(renewed, 'Expires')]).toEqual([200, '600']);
    expect(second).not.toBe(first);
    expect(statusOf(await publish([`SIP-If-Match: ${first!}`]))).toBe(412);
    expect(statusOf(await publish(['SIP-If-Match: made-up']))).toBe(412);
    expect(statusOf(await publish([]))).toBe(400);
    expect(statusOf(await publish([...typed, 'Expires: 5'], document))).toBe(423);
    const wrong = await publish(['Content-Type: text/plain'], document);
    expect([statusOf(wrong), ...fields(wrong, 'Accept')]).toEqual([415, 'application/pidf+xml']);
    expect(statusOf(await publish([`SIP-If-Match: ${second!}`, 'Expires: 0']))).toBe(200);
    expect(statusOf(await publish([`SIP-If-Match: ${second!}`]))).toBe(412);
  });
});

describe('a MESSAGE to somebody who is away (RFC 3428)', () => {
  test('is stored, with a tag in its answer', async () => {
    const answer = await (await server.peer()).ask('MESSAGE', { uri: `sip:${server.user()}@farm.test`, body: 'hello' });
    expect([statusOf(answer), hasToTag(answer)]).toEqual([202, true]);
  });

  test('is not when it must go by TLS, is too long, or is of this moment', async () => {
    const writer = await server.peer();
    const user = server.user();
    expect(statusOf(await writer.ask('MESSAGE', { uri: `sips:${user}@farm.test`, body: 'x' }))).toBe(480);
    expect(statusOf(await writer.ask('MESSAGE', { uri: `sip:${user}@farm.test`, body: 'x'.repeat(32_769) }))).toBe(480);
    expect(statusOf(await writer.ask('MESSAGE', { uri: `sip:${user}@farm.test`, lines: ['Expires: 0'] }))).toBe(480);
  });
});
