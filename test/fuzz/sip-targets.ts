import assert from 'node:assert/strict';
import { DecodeError } from '#base';
import { SINGLE_MAX, headerForms, HeaderId } from '../../src/sip/message/header-id.ts';
import { buildResponse } from '../../src/sip/message/build.ts';
import { dateField } from '../../src/sip/message/date-field.ts';
import { decodeMessage } from '../../src/sip/message/decode.ts';
import { MessageEdit } from '../../src/sip/message/edit.ts';
import { eventField, subscriptionState } from '../../src/sip/message/event-fields.ts';
import {
  identities,
  mediaType,
  rack,
  reasons,
  referTo,
  replaces,
  sessionExpires,
} from '../../src/sip/message/session-fields.ts';
import type { SipMessage } from '../../src/sip/message/sip-message.ts';
import { StreamFramer } from '../../src/sip/message/stream-framer.ts';
import { aorOf, sameUri } from '../../src/sip/message/uri-compare.ts';
import { rfc4475Messages } from '../sip/message/vectors.ts';
import type { FuzzTarget } from './harness.ts';

const text = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

const seeds = rfc4475Messages().map(({ latin1 }) => Buffer.from(latin1, 'latin1'));
const words = text(
  '\r\n',
  '\r\n ',
  '\n',
  '\r',
  '\r\n\r\n',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '<',
  '>',
  '=',
  '@',
  '%00',
  'SIP/2.0',
  'Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKx;rport;received=192.0.2.1\r\n',
  'Route: <sip:a;lr>, <sip:b>\r\n',
  'l: 5\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Contact: *\r\n',
  'Authorization: Digest username="a", realm="b", nonce="c", uri="d", response="e"\r\n',
  'Event: presence;id=1\r\nSubscription-State: active;expires=1\r\n',
  'Replaces: a;to-tag=b;from-tag=c\r\n',
  'Session-Expires: 90;refresher=uac\r\n',
);

const touch = (..._parts: unknown[]): void => undefined;

/** Asks for all there is. What comes is of no interest; that nothing throws, is. */
function askAll(message: SipMessage): void {
  for (const [id] of headerForms) {
    message.values(id);
    message.elements(id);
    message.authorizations(id);
    message.addresses(id, 'field');
    if (id <= SINGLE_MAX) message.number(id);
  }
  for (const part of [message.vias(), message.routes(), message.contacts(), message.recordRoutes(), message.paths()])
    touch(part);
  for (const ask of [
    eventField,
    subscriptionState,
    dateField,
    mediaType,
    rack,
    reasons,
    referTo,
    replaces,
    sessionExpires,
  ])
    ask(message);
  identities(message);
  const contacts = message.contacts();
  for (const address of [
    message.from(),
    message.to(),
    ...(typeof contacts === 'object' && 'length' in contacts ? contacts : []),
  ]) {
    touch(address.displayName, address.params(), address.paramsText, String(address));
    const { uri } = address;
    if (uri === undefined) continue;
    aorOf(uri);
    assert(sameUri(uri, uri), `a URI that is not itself: ${String(uri)}`);
    touch(uri.headers(), uri.params(), uri.hostPort);
  }
  message.topVia()?.withReceived('192.0.2.1', 5060);
}

export const sipTargets: readonly FuzzTarget[] = [
  {
    name: 'sip message',
    seeds: seeds.filter((bytes) => !('kind' in decodeMessage(bytes))),
    words,
    run(input) {
      const message = decodeMessage(input);
      if ('kind' in message) {
        if (message.request !== undefined) {
          askAll(message.request);
          const answer = decodeMessage(
            buildResponse(message.request, message.status, { reason: message.reason, toTag: 'x' }),
          );
          assert(!('kind' in answer) || answer.status === 0);
        }
        throw new DecodeError(message.reason, message.offset);
      }
      askAll(message);
      // Empty lines before the message are not part of it
      const written = new MessageEdit(message).serialise();
      assert(written.equals(message.bytes.subarray(message.scan.start)), 'not written as it was read');
      const edit = new MessageEdit(message);
      edit.prepend(HeaderId.Via, 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnew');
      edit.removeFirstElement(HeaderId.Route);
      const edited = decodeMessage(edit.serialise());
      assert(!('kind' in edited), 'kind' in edited ? `what was forwarded is ${edited.reason}` : '');
      assert.equal(edited.topVia()?.branch, 'z9hG4bKnew');
      if (message.isRequest) {
        const answer = decodeMessage(buildResponse(message, 404, { toTag: 'x' }));
        assert(!('kind' in answer), 'kind' in answer ? `the answer is ${answer.reason}` : '');
      }
      return message.bytes.length;
    },
    maxOutputBytes: (bytes) => bytes,
  },
  {
    name: 'sip stream',
    seeds: [...seeds, Buffer.concat([...seeds.slice(0, 4), Buffer.from('\r\n\r\n'), ...seeds.slice(4, 8)])],
    words,
    run(input, random) {
      const whole = new StreamFramer().push(Buffer.from(input));
      const framer = new StreamFramer();
      const pieces = [];
      for (let at = 0; at < input.length;) {
        const end = at + 1 + random.below(200);
        pieces.push(...framer.push(Buffer.from(input.subarray(at, end))));
        at = end;
      }
      assert.deepEqual(pieces, whole);
      const last = whole.at(-1);
      if (last?.kind === 'broken') throw new DecodeError(last.bad.reason, last.bad.offset);
      return whole.reduce((sum, item) => sum + (item.kind === 'message' ? item.bytes.length : 0), 0);
    },
    maxOutputBytes: (bytes) => bytes,
  },
];
