import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { Phone } from '../core/sip-world.ts';
import { routesOfCallee, routesOfCaller } from '../core/sip-world.ts';
import { bodyOf, EventWorld, stateOf } from './event-world.ts';

let world: EventWorld;
let alice: Phone;
let bob: Phone;

beforeEach(async () => {
  world = await EventWorld.open();
  alice = world.sip.phone({ address: '192.0.2.7' });
  bob = world.sip.phone({ address: '192.0.2.8' });
});
afterEach(() => world.close());

const pidf = (note: string): string =>
  `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@example.org"><tuple id="${note}"><status><basic>open</basic></status><note>${note}</note></tuple></presence>`;

/** RFC 3261 §8.2.2.2: two requests with one number would be one that came twice. */
let cseq = 0;

/** Bob publishes his own state. */
function publish(headers: readonly string[], body = ''): void {
  bob.send('PUBLISH', {
    from: 'sip:bob@example.org',
    cseq: ++cseq,
    headers: ['Event: presence', ...(body === '' ? [] : ['Content-Type: application/pidf+xml']), ...headers],
    body,
  });
}

describe('SUBSCRIBE to presence', () => {
  test('is answered with 200 and a NOTIFY on the same flow', () => {
    world.subscribe(alice, 'presence');
    const ok = world.sip.last(alice, '200');
    expect(ok.expires()).toBe(3600);
    const notify = world.lastNotify(alice);
    expect(notify.requestUriText()).toBe('sip:alice@192.0.2.7:5060');
    expect(stateOf(notify)).toBe('active;expires=3600');
    expect(notify.to().tag).toBe('a1');
    expect(notify.from().tag).toBe(ok.to().tag);
    expect(notify.callId()).toBe('call1');
    expect(notify.value(HeaderId.ContentType)).toBe('application/pidf+xml');
    expect(bodyOf(notify)).toContain('<basic>closed</basic>');
  });

  test('is told when the account registers and when it goes', async () => {
    world.subscribe(alice, 'presence');
    alice.answer('NOTIFY', 200);
    world.register('bob', bob);
    expect(world.sent(alice, 'NOTIFY')).toHaveLength(1);
    await world.settle(5000);
    expect(bodyOf(world.lastNotify(alice))).toContain('<basic>open</basic>');
    alice.answer('NOTIFY', 200);
    await world.settle(5000);
    world.register('bob', undefined);
    await world.settle(5000);
    expect(bodyOf(world.lastNotify(alice))).toContain('<basic>closed</basic>');
    // The last one is repeated: nobody answers
    expect([...new Set(world.sent(alice, 'NOTIFY').map((notify) => notify.cseq().number))]).toEqual([1, 2, 3]);
  });

  test('is refreshed in its dialog by the way that its answer said, and ended with Expires 0', async () => {
    world.subscribe(alice, 'presence');
    const ok = world.sip.last(alice, '200');
    alice.answer('NOTIFY', 200);
    const refresh = (cseq: number, ...headers: string[]): void =>
      world.subscribe(alice, 'presence', [...routesOfCaller(ok), ...headers], {
        uri: 'sip:bob@example.org',
        toTag: ok.to().tag ?? '',
        cseq,
      });
    refresh(2, 'Expires: 600');
    expect(world.sip.last(alice, '200').expires()).toBe(600);
    expect(stateOf(world.lastNotify(alice))).toBe('active;expires=600');
    alice.answer('NOTIFY', 200);
    refresh(3, 'Expires: 0');
    expect(stateOf(world.lastNotify(alice))).toBe('terminated;reason=timeout');
    alice.answer('NOTIFY', 200);
    expect(world.agent.figures.subscriptions).toBe(0);
    refresh(4);
    expect(world.sip.last(alice, '481').cseq().number).toBe(4);
    await world.settle();
  });

  test('ends by its time, and when its watcher is gone', async () => {
    world.subscribe(alice, 'presence', ['Expires: 60']);
    alice.answer('NOTIFY', 200);
    await world.settle(60_000);
    expect(stateOf(world.lastNotify(alice))).toBe('terminated;reason=timeout');
    alice.answer('NOTIFY', 481);
    expect(world.agent.figures.subscriptions).toBe(0);
    world.subscribe(alice, 'presence', [], { callId: 'other' });
    await world.settle(33_000);
    expect(world.agent.figures.subscriptions).toBe(0);
  });

  test('too short, of unknown things, or for bodies that there are not, is refused', () => {
    world.subscribe(alice, 'presence', ['Expires: 5']);
    expect(world.sip.last(alice, '423').value(HeaderId.MinExpires)).toBe('60');
    world.subscribe(alice, 'weather', [], { cseq: 2 });
    expect(world.sip.last(alice, '489').value(HeaderId.AllowEvents)).toBe('presence, dialog, reg, message-summary');
    world.subscribe(alice, 'presence', ['Accept: text/plain'], { cseq: 3 });
    expect(world.sip.last(alice, '406').value(HeaderId.Accept)).toBe('application/pidf+xml');
    world.subscribe(alice, 'presence', ['Require: eventlist'], { cseq: 4 });
    expect(world.sip.last(alice, '420').value(HeaderId.Unsupported)).toBe('eventlist');
    expect(world.agent.figures.subscriptions).toBe(0);
  });

  test('of a package that only a telephone knows is forwarded to it', () => {
    world.register('bob', bob);
    world.subscribe(alice, 'refer');
    expect(world.sent(bob, 'SUBSCRIBE')).toHaveLength(1);
  });
});

describe('PUBLISH', () => {
  test('is told to watchers, with one document of several devices', async () => {
    world.subscribe(alice, 'presence');
    alice.answer('NOTIFY', 200);
    publish([], pidf('desk'));
    await world.settle(5000);
    expect(bodyOf(world.lastNotify(alice))).toBe(pidf('desk'));
    alice.answer('NOTIFY', 200);
    publish([], pidf('mobile'));
    await world.settle(5000);
    const both = bodyOf(world.lastNotify(alice));
    expect(both).toContain('<note>desk</note>');
    expect(both).toContain('<note>mobile</note>');
    expect(both.match(/<presence/g)).toHaveLength(1);
  });

  test('goes on with its entity-tag, which each change replaces (RFC 3903 §6)', async () => {
    publish([], pidf('a'));
    await world.settle();
    const etag = world.sip.last(bob, '200').value(HeaderId.SipEtag) ?? '';
    publish([`SIP-If-Match: ${etag}`, 'Expires: 120']);
    await world.settle();
    const refreshed = world.sip.last(bob, '200');
    expect(refreshed.expires()).toBe(120);
    const next = refreshed.value(HeaderId.SipEtag) ?? '';
    expect(next).not.toBe(etag);
    publish([`SIP-If-Match: ${etag}`], pidf('b'));
    await world.settle();
    expect(world.sip.words().at(-1)).toBe(`412 → ${bob.name}`);
    publish([`SIP-If-Match: ${next}`, 'Expires: 0']);
    await world.settle();
    expect(world.agent.figures.publications).toBe(0);
  });

  test('ends by its time, here and in the store', async () => {
    publish(['Expires: 60'], pidf('a'));
    await world.settle(59_000);
    expect(world.agent.figures.publications).toBe(1);
    await world.settle(1000);
    expect(world.agent.figures.publications).toBe(0);
    expect((await world.backplane.list('sip/publish/')).entries).toEqual([]);
  });

  test('survives a restart', async () => {
    publish([], pidf('a'));
    await world.settle();
    await world.restart();
    expect(world.agent.figures.publications).toBe(1);
    world.subscribe(alice, 'presence');
    expect(bodyOf(world.lastNotify(alice))).toBe(pidf('a'));
  });

  test('without a body, of another type, too short, or of a package that nobody publishes, is refused', async () => {
    publish([]);
    await world.settle();
    expect(world.sip.words().at(-1)).toBe(`400 → ${bob.name}`);
    bob.send('PUBLISH', { cseq: ++cseq, headers: ['Event: presence', 'Content-Type: text/plain'], body: 'x' });
    expect(world.sip.last(bob, '415').value(HeaderId.Accept)).toBe('application/pidf+xml');
    publish(['Expires: 1'], pidf('a'));
    expect(world.sip.last(bob, '423').value(HeaderId.MinExpires)).toBe('60');
    bob.send('PUBLISH', { cseq: ++cseq, headers: ['Event: reg'] });
    expect(world.sip.last(bob, '489').value(HeaderId.AllowEvents)).toBe('presence, message-summary');
  });
});

describe('SUBSCRIBE to calls (RFC 4235)', () => {
  test('tells of a call from its beginning to its end', async () => {
    world.register('bob', bob);
    const carol = world.sip.phone({ address: '192.0.2.9' });
    world.subscribe(carol, 'dialog', [], { callId: 'watch', contact: 'sip:carol@192.0.2.9:5060' });
    const states: string[] = [];
    const look = async (): Promise<void> => {
      await world.settle(200);
      states.push(/<state>(\w+)<\/state>/.exec(bodyOf(world.lastNotify(carol)))?.[1] ?? 'none');
      carol.answer('NOTIFY', 200);
      await world.settle(200);
    };
    await look();
    alice.send('INVITE');
    const invite = world.sip.last(bob, 'INVITE');
    await look();
    bob.answer('INVITE', 180);
    await look();
    bob.answer('INVITE', 200);
    await look();
    expect(bodyOf(world.lastNotify(carol))).toContain('direction="recipient"');
    expect(bodyOf(world.lastNotify(carol))).toContain('remote-tag="a1"');
    bob.send('BYE', {
      uri: 'sip:alice@192.0.2.7:5060',
      from: 'sip:bob@example.org',
      to: 'sip:alice@example.org',
      fromTag: 't-192.0.2.8',
      toTag: 'a1',
      headers: routesOfCallee(invite),
    });
    await look();
    expect(states).toEqual(['none', 'trying', 'early', 'confirmed', 'terminated']);
    const versions = world.sent(carol, 'NOTIFY').map((notify) => Number(/ version="(\d+)"/.exec(bodyOf(notify))?.[1]));
    expect(versions).toEqual(versions.map((_, index) => index));
  });
});

describe('SUBSCRIBE to registrations (RFC 3680)', () => {
  test('tells each contact with the seconds that it has', async () => {
    world.subscribe(alice, 'reg');
    expect(bodyOf(world.lastNotify(alice))).toContain('state="init"');
    alice.answer('NOTIFY', 200);
    world.register('bob', bob);
    await world.settle(200);
    const body = bodyOf(world.lastNotify(alice));
    expect(body).toContain('state="active"');
    expect(body).toContain('<uri>sip:bob@192.0.2.8:5060</uri>');
    expect(body).toContain('version="1"');
  });
});

describe('MESSAGE', () => {
  const say = (text: string, ...headers: string[]): void => {
    alice.send('MESSAGE', { headers: ['Content-Type: text/plain', ...headers], body: text, callId: text });
  };

  test('to somebody who is there is forwarded', () => {
    world.register('bob', bob);
    say('hello');
    expect(world.sent(bob, 'MESSAGE')).toHaveLength(1);
    expect(world.agent.figures.waitingMessages).toBe(0);
  });

  test('to somebody who is away is kept with 202, and delivered in order at his next registration', async () => {
    say('one');
    await world.settle(10);
    say('two');
    await world.settle(10);
    expect(world.sip.words()).toEqual([`202 → ${alice.name}`, `202 → ${alice.name}`]);
    await world.restart();
    expect(world.agent.figures.waitingMessages).toBe(2);
    world.register('bob', bob);
    await world.settle();
    expect(world.sent(bob, 'MESSAGE').map(bodyOf)).toEqual(['one']);
    const first = world.sip.last(bob, 'MESSAGE');
    expect(first.from().uriText).toBe('sip:alice@example.org');
    expect(first.value(HeaderId.ContentType)).toBe('text/plain');
    expect(first.value(HeaderId.Date)).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
    bob.answer('MESSAGE', 200);
    await world.settle();
    bob.answer('MESSAGE', 200);
    await world.settle();
    expect(world.sent(bob, 'MESSAGE').map(bodyOf)).toEqual(['one', 'two']);
    expect(world.agent.figures.waitingMessages).toBe(0);
    expect((await world.backplane.list('sip/message/')).entries).toEqual([]);
  });

  test('stays in the store while nobody takes it, and is tried at the next registration', async () => {
    say('one');
    await world.settle();
    world.register('bob', bob);
    await world.settle(33_000);
    expect(world.agent.figures.waitingMessages).toBe(1);
    world.sip.take();
    world.register('bob', bob);
    await world.settle();
    bob.answer('MESSAGE', 200);
    await world.settle();
    expect(world.agent.figures.waitingMessages).toBe(0);
  });

  test('that somebody is writing, or that shall not wait, is not kept', async () => {
    alice.send('MESSAGE', {
      headers: ['Content-Type: application/im-iscomposing+xml'],
      body: '<isComposing/>',
      callId: 'x',
    });
    say('now', 'Expires: 0');
    await world.settle();
    expect(world.sip.words()).toEqual([`480 → ${alice.name}`, `480 → ${alice.name}`]);
    expect(world.agent.figures.waitingMessages).toBe(0);
  });

  test('that waits is told to who asks for message-summary (RFC 3842)', async () => {
    const own = world.sip.phone({ address: '192.0.2.10' });
    world.subscribe(own, 'message-summary', [], { from: 'sip:bob@example.org', callId: 'mwi' });
    expect(bodyOf(world.lastNotify(own))).toBe('Messages-Waiting: no\r\nMessage-Account: sip:bob@example.org\r\n');
    own.answer('NOTIFY', 200);
    say('one');
    await world.settle(200);
    expect(bodyOf(world.lastNotify(own))).toContain('Text-Message: 1/0');
  });
});
