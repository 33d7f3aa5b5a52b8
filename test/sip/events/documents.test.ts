import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presenceDocument } from '../../../src/sip/events/presence-document.ts';
import { escapeXml } from '../../../src/sip/events/xml-text.ts';

const aor = 'bob@example.org';
const pidf = (attributes: string, inner: string): Buffer =>
  Buffer.from(
    `<?xml version="1.0"?>\n<presence xmlns="urn:ietf:params:xml:ns:pidf"${attributes} entity="sip:x">${inner}</presence>`,
  );

describe('presence of several devices', () => {
  test('has the elements and namespaces of all', () => {
    const joined = presenceDocument(
      aor,
      [pidf(' xmlns:dm="urn:dm"', '<tuple id="a"/><dm:person/>'), pidf(" xmlns:rpid='urn:rpid'", '<tuple id="b"/>')],
      true,
    ).toString();
    expect(joined).toContain('<tuple id="a"/><dm:person/><tuple id="b"/></presence>');
    expect(joined).toContain('xmlns:dm="urn:dm"');
    expect(joined).toContain('xmlns:rpid="urn:rpid"');
    expect(joined).toContain('entity="sip:bob@example.org"');
  });

  test.each([
    ['with namespaces that contradict each other', pidf(' xmlns:p="urn:1"', '1'), pidf(' xmlns:p="urn:2"', '2')],
    ['that is no presence document', pidf('', '1'), Buffer.from('<other/>')],
    ['with a document type', pidf('', '1'), Buffer.from('<!DOCTYPE presence><presence>2</presence>')],
  ])('%s is that of the newest', (_name, first, second) => {
    expect(presenceDocument(aor, [first, second], true)).toEqual(second);
  });

  test('is made of any bytes in no time', () => {
    const piece = fc.constantFrom(
      '<presence',
      '<presence xmlns="',
      'xmlns:a="',
      '"',
      '>',
      '</',
      '/>',
      'x',
      ' ',
      '\n',
      "'",
    );
    const body = fc.array(piece, { maxLength: 4000 }).map((pieces) => Buffer.from(pieces.join('')));
    fc.assert(
      fc.property(body, body, (a, b) => {
        const startedMs = performance.now();
        presenceDocument(aor, [a, b], true);
        expect(performance.now() - startedMs).toBeLessThan(1000);
      }),
      { numRuns: 50 },
    );
    const hostile = Buffer.from('<presence '.repeat(6500));
    const startedMs = performance.now();
    presenceDocument(aor, [hostile, hostile], true);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

test('text in XML is text', () => {
  expect(escapeXml(`<a b="c">'&\u0000\ud800`)).toBe('&lt;a b=&quot;c&quot;&gt;&apos;&amp;\ufffd\ufffd');
});
