import { describe, expect, test } from 'vitest';
import { dialError, fileError, listenError, plainReason } from '../../../src/io/node/errno.ts';

const system = (code: string): Error => Object.assign(new Error(`something ${code}`), { code });

describe('errors of the system', () => {
  test('say what was tried, what is wrong, and what to do', () => {
    expect(listenError('0.0.0.0', 443, system('EACCES'))).toMatchObject({
      code: 'NO_PERMISSION',
      message:
        'cannot listen on 0.0.0.0:443: ports below 1024 need root or CAP_NET_BIND_SERVICE: ' +
        'grant it or choose a higher port (EACCES)',
    });
    expect(dialError('2001:db8::1', 443, system('ENETUNREACH')).message).toBe(
      'cannot connect to [2001:db8::1]:443: there is no route to its network (ENETUNREACH)',
    );
    expect(fileError('cannot write /x', system('ENOSPC'))).toMatchObject({ code: 'DISK_FULL' });
  });

  test('keep their cause, and one that is explained already stays as it is', () => {
    const cause = system('ECONNREFUSED');
    const error = dialError('x', 1, cause);
    expect(error.cause).toBe(cause);
    expect(dialError('y', 2, error)).toBe(error);
  });

  test('of several addresses are told by the last one', () => {
    const several = new AggregateError([system('ENETUNREACH'), system('ECONNREFUSED')]);
    expect(dialError('x', 1, several).code).toBe('REFUSED');
  });

  test('that are unknown keep their own words', () => {
    expect(listenError('x', 1, new Error('odd'))).toMatchObject({
      code: 'OTHER',
      message: 'cannot listen on x:1: odd',
    });
  });

  test('of OpenSSL are freed of its inner matters', () => {
    const raw = 'write EPROTO 40ED:error:0A0000F5:SSL routines:ssl3_read_bytes:unexpected record:../rec.c:1119:\n';
    expect(plainReason(new Error(raw))).toBe('unexpected record');
    expect(plainReason('text')).toBe('text');
  });
});
