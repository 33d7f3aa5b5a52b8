import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFully, decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { forwardedResponse } from '../../../src/sip/proxy/forwarded-response.ts';

const usual = [
  'SIP/2.0 200 OK',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKhf.0123456789abcdef.01234567.89abcdef;hf=m1;rport=5060;received=192.0.2.1',
  'Via: SIP/2.0/UDP 192.0.2.2:6000;branch=z9hG4bK-1;rport=6000;received=192.0.2.2',
  'Record-Route: <sip:192.0.2.1:5060;lr;hf=m1.-.0>',
  'From: "A" <sip:a@example.org>;tag=1',
  'To: <sip:b@example.org>;tag=2',
  'Call-ID: 1@192.0.2.2',
  'CSeq: 1 INVITE',
  'Contact: <sip:b@192.0.2.3:5080>',
  'Content-Type: application/sdp',
  'Content-Length: 4',
];
const body = 'v=0\n';
const oneLine = [usual[0]!, `${usual[1]!}, ${usual[2]!.slice('Via: '.length)}`, ...usual.slice(3)];

const write = (lines: readonly string[], after: string): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n${after}`, 'latin1');

/** What may be put in the place of something, or between. */
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '  ',
    '\t',
    ',',
    ';',
    '"',
    '<',
    '>',
    ':',
    '=',
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\xa0',
    '\x7f',
    '\xe9',
    '%',
    '0',
  ],
  ...['\r\n ', ' ,', ', ', ';branch=z9hG4bKx', ';Branch=x', ';rport', ';a="b,c"', '4294967296', '700', '099', 'INFO'],
  ...['v: SIP/2.0/TCP h', 'Via: x\r\n', 'l: 4\r\n', 't: <sip:x>\r\n', '[::1]', 'SIP / 2.0 / UDP', ':0', ':70000'],
);
const lineChange = fc.oneof(
  fc.record({ kind: fc.constant('drop'), line: fc.nat(10) }),
  fc.record({ kind: fc.constant('double'), line: fc.nat(10) }),
  fc.record({ kind: fc.constant('swap'), line: fc.nat(10) }),
  fc.record({ kind: fc.constant('odd'), line: fc.nat(10), at: fc.nat(160), length: fc.nat(8), text: odd }),
);

function changed(
  lines: readonly string[],
  change: { kind: string; line: number; at?: number; length?: number; text?: string },
) {
  const all = [...lines];
  const line = all[change.line];
  if (line === undefined) return all;
  if (change.kind === 'drop') all.splice(change.line, 1);
  else if (change.kind === 'double') all.splice(change.line, 0, line);
  else if (change.kind === 'swap') all.splice(change.line, 2, ...all.slice(change.line, change.line + 2).reverse());
  else {
    const at = (change.at ?? 0) % (line.length + 1);
    all[change.line] = line.slice(0, at) + (change.text ?? '') + line.slice(at + (change.length ?? 0));
  }
  return all;
}

const response = fc
  .tuple(
    fc.constantFrom(usual, oneLine),
    fc.array(lineChange, { maxLength: 3 }),
    fc.constantFrom(body, body, body, '', 'v=0', `${body}\n`),
  )
  .map(([lines, changes, after]) => write(changes.reduce(changed, lines), after));

/** Everything that anybody asks a response for. */
function seen(message: SipMessage): unknown {
  return {
    status: message.status,
    reason: message.reason(),
    method: message.method,
    cseq: message.cseq(),
    to: [message.to().tag, message.to().uriText, message.to().toString()],
    from: [message.from().tag, message.from().uriText],
    callId: message.callId(),
    via: message.topVia()?.toString(),
    branch: message.topVia()?.branch,
    contacts: message.value(HeaderId.Contact),
    fields: message.scan.fieldCount,
    body: message.body().toString('latin1'),
    forwarded: forwardedResponse(message).toString('latin1'),
  };
}

function expectSame(bytes: Buffer): void {
  const quick = decodeMessage(Buffer.from(bytes));
  const full = decodeFully(Buffer.from(bytes));
  if (!(full instanceof SipMessage)) expect(quick).toEqual(full);
  else expect(quick instanceof SipMessage && seen(quick)).toEqual(seen(full));
}

describe('a response that is read from its bytes', () => {
  test.each([
    ['with a Via on each line', usual],
    ['with all Vias on one line', oneLine],
  ])('is one as telephones write it, %s', (_, lines) => {
    const bytes = write(lines, body);
    const message = decodeMessage(bytes);
    if (!(message instanceof SipMessage) || message.places === undefined) throw new Error('it is not plain');
    const { places } = message;
    expect(bytes.toString('latin1', places.branchStart, places.branchEnd)).toBe(message.topVia()?.branch);
    expect(message.to().tag).toBe('2');
    expectSame(bytes);
  });

  test('says what it says when it is parsed, and is refused where it would be, whatever is wrong with it', () => {
    fc.assert(fc.property(response, expectSame), { numRuns: 3000 });
  });

  test('says so whichever byte is another one', () => {
    fc.assert(
      fc.property(fc.constantFrom(usual, oneLine), fc.nat(700), fc.nat(255), (lines, at, byte) => {
        const bytes = write(lines, body);
        bytes[at % bytes.length] = byte;
        expectSame(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('is not asked for its To before that is needed, nor another time', () => {
    const message = decodeMessage(write(usual, body));
    if (!(message instanceof SipMessage)) throw new Error(message.reason);
    expect(message.to()).toBe(message.to());
    expect(message.scan.fieldCount).toBe(10);
    expect(message.to().tag).toBe('2');
  });
});
