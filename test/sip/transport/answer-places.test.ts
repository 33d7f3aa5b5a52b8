import { describe, expect, test } from 'vitest';
import { parseVia, Via } from '../../../src/sip/message/via.ts';
import { AnswerPlaces } from '../../../src/sip/transport/answer-places.ts';

function viaOf(text: string): Via {
  const via = parseVia(text, 0, text.length);
  if (!(via instanceof Via)) throw new Error(via.reason);
  return via;
}

describe('where responses go', () => {
  test('is what the Via says, and one object for all Vias of a sender', () => {
    const places = new AnswerPlaces();
    const first = places.of(viaOf('SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1;rport;maddr=192.0.2.8'));
    expect(first).toEqual({ host: '192.0.2.7', port: 5062, rport: 0, maddr: '192.0.2.8' });
    expect(places.of(viaOf('SIP/2.0/UDP 192.0.2.7:5062;maddr=192.0.2.8;branch=z9hG4bK2;rport'))).toBe(first);
  });

  test('is not mixed up with that of another sender, whose place may be remembered in the same slot', () => {
    const places = new AnswerPlaces();
    for (let round = 0; round < 2; round++) {
      for (let port = 1; port <= 4_000; port++) {
        const host = `192.0.2.${port % 200}`;
        expect(places.of(viaOf(`SIP/2.0/UDP ${host}:${port};branch=z9hG4bK1`))).toMatchObject({ host, port });
      }
    }
    expect(places.of(viaOf('SIP/2.0/UDP a;branch=z9hG4bK1'))).toMatchObject({ host: 'a', port: undefined });
  });
});
