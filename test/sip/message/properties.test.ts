import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { buildResponse } from '../../../src/sip/message/build.ts';
import { MessageEdit } from '../../../src/sip/message/edit.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { parseSipUri } from '../../../src/sip/message/sip-uri.ts';
import { StreamFramer, type FramedItem } from '../../../src/sip/message/stream-framer.ts';
import { sameUri } from '../../../src/sip/message/uri-compare.ts';
import { requestBytes, sipUriText } from './messages-arbitrary.ts';
import { decoded } from './messages.ts';

/** Every field with its name and value as written, in order. */
function fieldsOf(message: SipMessage): string[] {
  return Array.from({ length: message.scan.fieldCount }, (_, index) =>
    message.scan.head.slice(message.lineStart(index), message.lineStart(index + 1)),
  );
}

describe('a message', () => {
  test('is written as it was read', () => {
    fc.assert(
      fc.property(requestBytes, (bytes) => {
        expect(new MessageEdit(decoded(bytes)).serialise().equals(bytes)).toBe(true);
      }),
    );
  });

  test('has its elements in order, whatever their lines', () => {
    fc.assert(
      fc.property(requestBytes, (bytes) => {
        const message = decoded(bytes);
        const vias = message.vias();
        if (!('length' in vias)) throw new Error(vias.reason);
        expect(vias.map(String)).toEqual(message.elements(HeaderId.Via));
        const routes = message.routes();
        if (!('length' in routes)) throw new Error(routes.reason);
        expect(routes.map(String)).toEqual(message.elements(HeaderId.Route));
      }),
    );
  });

  test('is changed by an edit where it says, and nowhere else', () => {
    fc.assert(
      fc.property(requestBytes, (bytes) => {
        const message = decoded(bytes);
        const edit = new MessageEdit(message);
        edit.setRequestUri('sip:new@example.net');
        edit.prepend(HeaderId.Via, 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnew');
        edit.removeFirstElement(HeaderId.Route);
        edit.setMaxForwards(69);
        edit.append('X-Last', 'yes');
        const after = decoded(edit.serialise());
        expect(after.requestUriText()).toBe('sip:new@example.net');
        expect(after.elements(HeaderId.Via).slice(1)).toEqual(message.elements(HeaderId.Via));
        expect(after.topVia()?.branch).toBe('z9hG4bKnew');
        expect(after.elements(HeaderId.Route)).toEqual(message.elements(HeaderId.Route).slice(1));
        expect(after.maxForwards()).toBe(69);
        expect(after.body().equals(message.body())).toBe(true);
        const untouched = (of: SipMessage): string[] =>
          fieldsOf(of).filter((_, index) => {
            const id = of.scan.fields[index * 3]!;
            return id !== HeaderId.Via && id !== HeaderId.Route && id !== HeaderId.MaxForwards;
          });
        expect(untouched(after)).toEqual([...untouched(message), 'X-Last: yes\r\n']);
      }),
    );
  });

  test('takes a Via off that was put on, to the byte', () => {
    fc.assert(
      fc.property(requestBytes, (bytes) => {
        const edit = new MessageEdit(decoded(bytes));
        edit.prepend(HeaderId.Via, 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnew');
        const back = new MessageEdit(decoded(edit.serialise()));
        back.removeFirstElement(HeaderId.Via);
        expect(back.serialise().equals(bytes)).toBe(true);
      }),
    );
  });

  test('has an answer with its Vias, From, Call-ID and CSeq', () => {
    fc.assert(
      fc.property(requestBytes, (bytes) => {
        const message = decoded(bytes);
        const answer = decoded(buildResponse(message, 404, { toTag: 'here' }));
        expect(answer.elements(HeaderId.Via)).toEqual(message.elements(HeaderId.Via));
        expect(answer.value(HeaderId.From)).toBe(message.value(HeaderId.From));
        expect(answer.callId()).toBe(message.callId());
        expect(answer.cseq()).toEqual(message.cseq());
        expect(answer.to().tag).toBe(message.to().tag ?? 'here');
      }),
    );
  });
});

describe('a stream', () => {
  test('gives the same items however it is split', () => {
    const part = fc.oneof(requestBytes, fc.constant(Buffer.from('\r\n')), fc.constant(Buffer.from('\r\n\r\n')));
    const stream = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        (bytes, sizes) => {
          expect(inPieces(bytes, sizes)).toEqual(new StreamFramer().push(bytes));
        },
      ),
    );
  });

  test('breaks at the same place however it is split', () => {
    fc.assert(
      fc.property(
        requestBytes,
        fc.constantFrom('l: -5', 'l: 5\r\nl: 6', 'l: x', 'l: 99999999'),
        fc.integer({ min: 1, max: 9 }),
        (bytes, length, size) => {
          const broken = Buffer.from(bytes.toString('latin1').replace(/l: \d+/, length), 'latin1');
          const whole = new StreamFramer().push(broken);
          expect(whole.at(-1)?.kind).toBe('broken');
          expect(inPieces(broken, [size])).toEqual(whole);
        },
      ),
    );
  });
});

describe('a URI', () => {
  test('is itself, and is the same when written anew', () => {
    fc.assert(
      fc.property(sipUriText, (text) => {
        const uri = parseSipUri(text);
        expect(uri).toBeDefined();
        const again = parseSipUri(String(uri));
        expect(String(again)).toBe(String(uri));
        expect(sameUri(uri!, again!)).toBe(true);
      }),
    );
  });
});

test('any bytes are a message or a refusal, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const result = decodeMessage(Buffer.from(bytes));
      expect('kind' in result || result.bytes.length > 0).toBe(true);
    }),
  );
});

function inPieces(bytes: Buffer, sizes: readonly number[]): FramedItem[] {
  const framer = new StreamFramer();
  const items: FramedItem[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    items.push(...framer.push(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  return items;
}
