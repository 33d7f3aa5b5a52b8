import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseVia, Via } from '../../../src/sip/message/via.ts';
import { ServerTable } from '../../../src/sip/transaction/server-table.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts';
import { ShortMac } from '../../../src/sip/transaction/short-mac.ts';

const keys = ['z9hG4bK-1', 'z9hG4bK-2', 'z9hG4bKhf.0', '2543 a 1  sip:b ', ''];
const hosts = ['192.0.2.1', 'a.example.org'];
const methods = ['INVITE', 'CANCEL', 'BYE'];

const what = fc.record({
  isRemoval: fc.boolean(),
  key: fc.constantFrom(...keys),
  host: fc.constantFrom(...hosts),
  method: fc.constantFrom(...methods),
});

/** As far as the table looks at it. */
const made = (key: string, host: string, method: string): ServerTransaction =>
  ({ key, method, place: { host, port: 5060 }, endKey: '', next: undefined }) as unknown as ServerTransaction;

function viaOf(host: string): Via {
  const text = `SIP/2.0/UDP ${host}:5060;branch=z9hG4bK`;
  const via = parseVia(text, 0, text.length);
  if (!(via instanceof Via)) throw new Error(via.reason);
  return via;
}

test('a server transaction is found by its branch, sender and method from its entry on until it is removed', () => {
  fc.assert(
    fc.property(fc.array(what, { maxLength: 60 }), (steps) => {
      const table = new ServerTable(new ShortMac(Buffer.alloc(16, 7)));
      const known = new Map<string, ServerTransaction>();
      for (const { isRemoval, key, host, method } of steps) {
        const name = `${key} ${host} ${method}`;
        const one = known.get(name);
        if (isRemoval && one !== undefined) {
          table.remove(one);
          // A second time changes nothing.
          table.remove(one);
          known.delete(name);
        } else if (one === undefined) {
          const transaction = made(key, host, method);
          table.add(transaction);
          known.set(name, transaction);
        }
        expect(table.size).toBe(known.size);
      }
      for (const key of keys) {
        const bytes = Buffer.from(`=${key};`, 'latin1');
        const isKnown = [...known.values()].some((one) => one.key === key);
        expect(table.mayHave(bytes, 1, key.length + 1)).toBe(isKnown);
        for (const host of hosts) {
          for (const method of methods) {
            expect(table.find(key, viaOf(host), method)).toBe(known.get(`${key} ${host} ${method}`));
          }
          expect(table.find(key, viaOf(host), 'ACK')).toBe(known.get(`${key} ${host} INVITE`));
        }
      }
      expect(new Set(table)).toEqual(new Set(known.values()));
    }),
  );
});
