import { describe, expect, test } from 'vitest';
import { decodeFully } from '../../../src/sip/message/decode.ts';
import { InDialogPlaces } from '../../../src/sip/message/in-dialog-places.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { forwardedResponse } from '../../../src/sip/proxy/forwarded-response.ts';

const own = 'z9hG4bKhf.';
const vias = [
  `SIP/2.0/UDP 192.0.2.1:5060;branch=${own}1`,
  'SIP/2.0/UDP 192.0.2.2:6000;branch=z9hG4bK-2;rport=6001;received=192.0.2.9',
  'SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK-3',
];

function answer(viaLines: readonly string[]): Buffer {
  const others = ['From: <sip:a@example.org>;tag=1', 'To: <sip:b@example.org>;tag=2', 'Call-ID: 1', 'CSeq: 2 BYE'];
  return Buffer.from(['SIP/2.0 200 OK', ...viaLines, ...others, 'Content-Length: 0', '', ''].join('\r\n'), 'latin1');
}

describe('an answer to a BYE that is read from its bytes', () => {
  test.each([
    ['each on a line', vias.map((via) => `Via: ${via}`)],
    ['all on one line', [`Via: ${vias.join(', ')}`]],
    ['on one line without spaces', [`v:  ${vias.join(',')}`]],
    ['ours with the next one, and one more', [`Via: ${vias[0]!}, ${vias[1]!}`, `Via: ${vias[2]!}`]],
    ['ours alone, and two more', [`Via: ${vias[0]!}`, `Via: ${vias[1]!},${vias[2]!}`]],
  ])('goes on without our Via, and as it is parsed: %s', (_, lines) => {
    const bytes = answer(lines);
    const places = new InDialogPlaces(own);
    expect(places.read(bytes)).toBe(true);
    const { topVia, nextVia, cutStart, cutEnd } = places;
    expect([places.viaCount, nextVia.rport]).toEqual([3, 6001]);
    expect(bytes.toString('latin1', topVia.branchStart, topVia.branchEnd)).toBe(`${own}1`);
    const message = decodeFully(bytes);
    if (!(message instanceof SipMessage)) throw new Error(message.reason);
    const sent = Buffer.concat([bytes.subarray(0, cutStart), bytes.subarray(cutEnd)]);
    expect(sent.toString('latin1')).toBe(forwardedResponse(message).toString('latin1'));
  });

  test.each([
    ['with nothing behind a comma', [`Via: ${vias[0]!},`, `Via: ${vias[1]!}`]],
    ['with nothing between two', [`Via: ${vias[0]!},,${vias[1]!}`]],
    ['with a space before it', [`Via: ${vias[0]!} , ${vias[1]!}`]],
    ['with no other Via', [`Via: ${vias[0]!}`]],
  ])('is left to the parser %s', (_, lines) => {
    expect(new InDialogPlaces(own).read(answer(lines))).toBe(false);
  });
});
