import fc from 'fast-check';
import { headerForms } from '../../../src/sip/message/header-id.ts';

const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,12}$/);
const space = fc.constantFrom('', ' ', '  ', '\t');
/** A fold counts as a space. */
const someSpace = fc.constantFrom(' ', '\t ', '\r\n ', ' \r\n\t');
const host = fc.constantFrom('example.com', '192.0.2.7', '[2001:db8::9]', 'a-b.Example.ORG');
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const hostPort = fc.tuple(host, port).map(([name, number]) => (number === undefined ? name : `${name}:${number}`));
const quotedText = fc
  .stringMatching(/^[ !#-[\]-~\u0080-\u00ff,;<>]{0,10}$/)
  .chain((text) => fc.constantFrom(`"${text}"`, `"${text}\\""`, `"\\\\${text}"`));
const param = fc
  .tuple(token, fc.option(fc.oneof(token, quotedText), { nil: undefined }))
  .map(([name, value]) => (value === undefined ? `;${name}` : `;${name}=${value}`));
const params = fc.array(param, { maxLength: 3 }).map((list) => list.join(''));
export const sipUriText = fc
  .tuple(
    fc.constantFrom('sip', 'sips', 'SIP'),
    fc.option(fc.stringMatching(/^[a-z0-9+%.;?-]{1,8}$/), { nil: undefined }),
    hostPort,
  )
  .map(([scheme, user, at]) => `${scheme}:${user === undefined ? '' : `${user}@`}${at}`);
const address = fc
  .tuple(fc.constantFrom('', 'Bob ', 'A B  ', '"Q, <x> \\" y" '), sipUriText, params)
  .map(([display, uri, more]) => `${display}<${uri}>${more}`);
const via = fc
  .tuple(fc.constantFrom('UDP', 'TCP', 'TLS', 'ws'), hostPort, token, params)
  .map(([transport, sentBy, branch, more]) => `SIP/2.0/${transport} ${sentBy};branch=z9hG4bK${branch}${more}`);
/** Names that may be there more than once or not at all, with any value. */
const freeNames = headerForms
  .filter(([id]) => id > 40)
  .flatMap(([, name, compact]) => (compact === undefined ? [name] : [name, compact]));
const freeValue = fc.stringMatching(/^[!-~\u00a0-\u00ff][ -~\u00a0-\u00ff]{0,30}$/);
const freeField = fc.tuple(
  fc.oneof(
    fc.constantFrom(...freeNames),
    token.map((name) => `X-${name}`),
  ),
  freeValue,
);
const withCase = (name: string): fc.Arbitrary<string> => fc.constantFrom(name, name.toLowerCase(), name.toUpperCase());

const line = (names: readonly string[], value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...names).chain(withCase), space, someSpace, value)
    .map(([name, before, after, text]) => `${name}${before}:${after}${text}`);

const needed = fc.tuple(
  line(
    ['Via', 'v'],
    fc.array(via, { minLength: 1, maxLength: 3 }).map((list) => list.join(' ,')),
  ),
  line(['From', 'f'], address),
  line(['To', 't'], address),
  line(['Call-ID', 'i'], token),
);

/** Bytes of a sound request, in many forms. */
export const requestBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom('INVITE', 'OPTIONS', 'REGISTER', 'X-NEW'),
    sipUriText,
    needed,
    fc.array(line(['Via', 'v'], via), { maxLength: 2 }),
    fc.array(
      line(
        ['Route'],
        fc.array(address, { minLength: 1, maxLength: 3 }).map((list) => list.join(', ')),
      ),
      { maxLength: 2 },
    ),
    fc.array(
      freeField.map(([name, value]) => `${name}: ${value}`),
      { maxLength: 6 },
    ),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([method, uri, [viaLine, ...others], moreVias, routes, free, body]) => {
    const lines = [
      viaLine,
      ...others,
      ...moreVias,
      ...free,
      ...routes,
      `CSeq: 7 ${method}`,
      'Max-Forwards: 70',
      `l: ${body.length}`,
    ];
    const head = `${method} ${uri} SIP/2.0\r\n${lines.join('\r\n')}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  });
