import { describe, expect, test } from 'vitest';
import { MessageEdit } from '../../../src/sip/message/edit.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { bytesOf, decoded } from './messages.ts';

const lines = [
  'INVITE sip:bob@example.org SIP/2.0',
  'v:  SIP/2.0/UDP a.example.org;branch=z9hG4bK1 , SIP/2.0/UDP b;branch=z9hG4bK2',
  'Route: <sip:one;lr>,',
  ' <sip:two;lr>',
  'Route: <sip:three;lr>',
  'max-forwards : 70',
  'X-Odd:   keep  me ',
  'From: <sip:a@b>;tag=1',
  'To: <sip:c@d>',
  'Call-ID: x',
  'CSeq: 1 INVITE',
  'Content-Type: text/plain',
  'l: 2',
  '',
  'hi',
];

function edited(change: (edit: MessageEdit) => void): string[] {
  const edit = new MessageEdit(decoded(bytesOf(...lines)));
  change(edit);
  return edit.serialise().toString('latin1').split('\r\n');
}

/** The lines, with those from `at` on replaced. */
function linesWith(at: number, count: number, ...replaced: string[]): string[] {
  return lines.toSpliced(at, count, ...replaced);
}

describe('an edit', () => {
  test('of nothing changes no byte', () => {
    expect(edited(() => undefined)).toEqual(lines);
  });

  test('takes elements from the top, one by one, over lines and folds', () => {
    expect(edited((edit) => edit.removeFirstElement(HeaderId.Via))).toEqual(
      linesWith(1, 1, 'v:  SIP/2.0/UDP b;branch=z9hG4bK2'),
    );
    expect(edited((edit) => edit.removeFirstElement(HeaderId.Route))).toEqual(linesWith(2, 2, 'Route: <sip:two;lr>'));
    const twice = (edit: MessageEdit): void => {
      edit.removeFirstElement(HeaderId.Route);
      edit.removeFirstElement(HeaderId.Route);
    };
    expect(edited(twice)).toEqual(linesWith(2, 2));
    const four = (edit: MessageEdit): void => {
      twice(edit);
      twice(edit);
    };
    expect(edited(four)).toEqual(linesWith(2, 3));
  });

  test('replaces the first element where it stands', () => {
    expect(
      edited((edit) => edit.replaceFirstElement(HeaderId.Via, 'SIP/2.0/UDP a;branch=z9hG4bK1;received=1')),
    ).toEqual(linesWith(1, 1, 'v:  SIP/2.0/UDP a;branch=z9hG4bK1;received=1, SIP/2.0/UDP b;branch=z9hG4bK2'));
    const both = (edit: MessageEdit): void => {
      edit.removeFirstElement(HeaderId.Route);
      edit.replaceFirstElement(HeaderId.Route, '<sip:new;lr>');
    };
    expect(edited(both)).toEqual(linesWith(2, 2, 'Route: <sip:new;lr>'));
  });

  test('puts lines on top, the last one first, and at the end', () => {
    const put = (edit: MessageEdit): void => {
      edit.prepend(HeaderId.RecordRoute, '<sip:me;lr>');
      edit.prepend(HeaderId.Via, 'SIP/2.0/UDP me;branch=z9hG4bK0');
      edit.append('X-New', '1');
    };
    expect(edited(put)).toEqual([
      lines[0],
      'Via: SIP/2.0/UDP me;branch=z9hG4bK0',
      'Record-Route: <sip:me;lr>',
      ...lines.slice(1, 13),
      'X-New: 1',
      '',
      'hi',
    ]);
  });

  test('sets what is there in its place, and what is not at the end', () => {
    expect(edited((edit) => edit.setMaxForwards(69))).toEqual(linesWith(5, 1, 'Max-Forwards: 69'));
    expect(edited((edit) => edit.set(HeaderId.Expires, '5'))).toEqual(linesWith(13, 0, 'Expires: 5'));
    expect(edited((edit) => edit.set(HeaderId.Route, '<sip:only>'))).toEqual(linesWith(2, 3, 'Route: <sip:only>'));
    expect(edited((edit) => edit.removeAll(HeaderId.Route))).toEqual(linesWith(2, 3));
  });

  test('gives another body with its length', () => {
    expect(edited((edit) => edit.setBody(Buffer.from('hello'), 'text/html')).slice(-4)).toEqual([
      'Content-Type: text/html',
      'Content-Length: 5',
      '',
      'hello',
    ]);
    expect(edited((edit) => edit.setBody(Buffer.alloc(0))).slice(-3)).toEqual(['Content-Length: 0', '', '']);
  });

  test.each(['a\r\nX-Evil: 1', 'a\nb', 'smile \u{1f600}'])('refuses to write %j into a header field', (value) => {
    expect(() => edited((edit) => edit.append('X-New', value))).toThrow('header field');
    expect(() => edited((edit) => edit.setRequestUri(value))).toThrow('header field');
    expect(() => edited((edit) => edit.replaceFirstElement(HeaderId.Via, value))).toThrow('header field');
  });
});
