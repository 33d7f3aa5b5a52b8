import { describe, expect, test } from 'vitest';
import { parseSipUri, type SipUri } from '../../../src/sip/message/sip-uri.ts';
import { aorOf, sameUri } from '../../../src/sip/message/uri-compare.ts';

function uri(text: string): SipUri {
  const parsed = parseSipUri(text);
  if (parsed === undefined) throw new Error(`no URI: ${text}`);
  return parsed;
}

describe('a SIP URI', () => {
  test.each([
    ['sip:alice@atlanta.com', { scheme: 'sip', user: 'alice', host: 'atlanta.com', port: undefined }],
    [
      'sips:alice:secret@Atlanta.COM;transport=tcp',
      { scheme: 'sips', user: 'alice', password: 'secret', host: 'atlanta.com' },
    ],
    ['sip:+1-212-555-1212:1234@gateway.com;user=phone', { user: '+1-212-555-1212', password: '1234' }],
    ['sip:alice;day=tuesday@atlanta.com', { user: 'alice;day=tuesday', paramsText: '' }],
    ['sip:[2001:db8::10]:5070;lr', { user: undefined, host: '2001:db8::10', port: 5070, paramsText: ';lr' }],
    ['SIP:a@b?subject=x&priority=urgent', { scheme: 'sip', headersText: 'subject=x&priority=urgent' }],
    ['sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com', { host: 'atlanta.com', paramsText: ';method=REGISTER' }],
    ['tel:+1-201-555-0123;phone-context=x', { scheme: 'tel', user: '+1-201-555-0123', host: '' }],
  ])('%s has its parts', (text, parts) => {
    expect(uri(text)).toMatchObject(parts);
  });

  test.each([
    'sip:',
    'sip:@host',
    'sip:a b@host',
    'sip:a@',
    'sip:a@host:0',
    'sip:a@host:65536',
    'sip:a@host:12x',
    'sip:[::1',
    'sip:[1:2]',
    'sip:a@host;;x',
    'http://a',
    'tel:',
    'tel:abc def',
    'mailto:a@b',
    'sip',
  ])('%s is none', (text) => {
    expect(parseSipUri(text)).toBeUndefined();
  });

  // RFC 3261 §19.1.4
  test.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+1-201-555-0123', 'tel:+1(201)5550123'],
  ])('%s is the same as %s', (a, b) => {
    expect(sameUri(uri(a), uri(b))).toBe(true);
    expect(sameUri(uri(b), uri(a))).toBe(true);
  });

  test.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@b', 'sips:a@b'],
    ['sip:null-%00@b', 'sip:null-@b'],
    ['tel:+12015550123', 'tel:+12015550124'],
  ])('%s is not the same as %s', (a, b) => {
    expect(sameUri(uri(a), uri(b))).toBe(false);
    expect(sameUri(uri(b), uri(a))).toBe(false);
  });

  test('names an address of record without scheme, port, password and parameters', () => {
    expect(aorOf(uri('sips:%61lice:pw@Example.COM:5061;transport=tls?x=y'))).toBe('alice@example.com');
    expect(aorOf(uri('sip:Alice@example.com'))).toBe('Alice@example.com');
    expect(aorOf(uri('sip:example.com'))).toBe('example.com');
    expect(aorOf(uri('tel:+1-201-555-0123'))).toBe('+12015550123');
  });
});
