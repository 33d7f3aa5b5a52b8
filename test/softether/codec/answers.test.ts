import { defaultPolicy } from '#hub';
import { describe, expect, test } from 'vitest';
import {
  decodeAdditionalConnect,
  decodeAdditionalConnectAnswer,
  encodeAdditionalConnect,
  encodeAdditionalConnectAnswer,
} from '../../../src/softether/codec/additional-connect.ts';
import { decodeHello, encodeHello } from '../../../src/softether/codec/hello.ts';
import { decodeLoginAnswer, encodeLoginError } from '../../../src/softether/codec/login-answer.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { encodeRedirect, type Redirect } from '../../../src/softether/codec/redirect.ts';
import { encodeWelcome, type Welcome } from '../../../src/softether/codec/welcome.ts';
import { capturedPack } from './vectors.ts';

describe('Hello', () => {
  const real = capturedPack('login-redirect', (pack) => pack.has('hello'));

  test('of a real server is read, and ours has the same elements', () => {
    const answer = decodeHello(real);
    if (answer.kind !== 'hello') throw new Error('not a Hello');
    expect(answer.hello).toEqual({
      product: 'SoftEther VPN Server Developer Edition (64 bit) (Open Source)',
      version: 501,
      build: 9674,
      random: Buffer.from('6704a3c353d01c00e9ad82078c6698c61d830d0c', 'hex'),
    });
    const own = encodeHello(answer.hello);
    expect(own.elements).toHaveLength(4);
    for (const element of own.elements) expect(real.elements).toContainEqual(element);
  });

  test('without a product or with a short random is of no VPN server', () => {
    expect(decodeHello(new Pack().setData('random', Buffer.alloc(20)))).toEqual({ kind: 'error', code: 2 });
    expect(decodeHello(new Pack().setStr('hello', 'x').setData('random', Buffer.alloc(19)))).toEqual({
      kind: 'error',
      code: 2,
    });
  });

  test('may be a refusal', () => {
    expect(decodeHello(new Pack().setInt('error', 105))).toEqual({ kind: 'error', code: 105 });
  });
});

describe('Welcome', () => {
  const real = capturedPack('login-ticket-session', (pack) => pack.has('session_name'));
  const welcomeOf = (pack: Pack): Welcome => {
    const answer = decodeLoginAnswer(pack);
    if (answer.kind !== 'welcome') throw new Error(answer.kind);
    return answer.welcome;
  };

  test('of a real server is read', () => {
    expect(welcomeOf(real)).toMatchObject({
      sessionName: 'SID-USER1-1',
      connectionName: 'CID-22',
      sessionKey: Buffer.from('ecb173895854d1363a2ecc82e6a869d6c00d3a40', 'hex'),
      sessionKey32: 350_851_428,
      maxConnection: 4,
      useEncrypt: true,
      useCompress: false,
      timeoutMs: 20_000,
      qos: true,
      policy: defaultPolicy,
      message: '',
    });
  });

  test('of ours has the same elements with the same values, and none called error', () => {
    const own = encodeWelcome(welcomeOf(real));
    // An empty value is left out nowhere else; here it is what the original sends
    expect(own.elements.map((element) => element.name).sort()).toEqual(
      real.elements.map((element) => element.name).sort(),
    );
    for (const element of own.elements) expect(real.elements).toContainEqual(element);
    expect(own.has('error')).toBe(false);
  });

  test('comes back as it was encoded', () => {
    const welcome: Welcome = {
      ...welcomeOf(real),
      message: 'Grüße\nline 2',
      vlanId: 7,
      halfConnection: true,
      policy: { ...defaultPolicy, NoBridge: true },
    };
    expect(welcomeOf(encodeWelcome(welcome))).toEqual(welcome);
  });

  test('without what makes a session is a protocol error', () => {
    for (const name of ['session_name', 'connection_name', 'session_key']) {
      const broken = real.copy().setInt(name, 1);
      expect(decodeLoginAnswer(broken)).toMatchObject({ kind: 'error', code: 4 });
    }
  });
});

describe('a refusal', () => {
  test('has its number and says whether the password may be kept', () => {
    expect(decodeLoginAnswer(encodeLoginError(9))).toEqual({ kind: 'error', code: 9, noSavePassword: false });
    expect(decodeLoginAnswer(encodeLoginError(9, true))).toEqual({ kind: 'error', code: 9, noSavePassword: true });
  });
});

describe('Redirect', () => {
  const real = capturedPack('login-redirect', (pack) => pack.bool('Redirect'));
  const redirect: Redirect = {
    address: '10.77.0.2',
    ports: [443, 5555],
    ticket: Buffer.alloc(20, 9),
    certificateDer: Buffer.alloc(700, 1),
    message: 'over there',
  };

  test('of a real controller is read', () => {
    expect(decodeLoginAnswer(real)).toMatchObject({
      kind: 'redirect',
      redirect: {
        address: '10.77.0.2',
        ports: [20_602],
        ticket: Buffer.from('47b2f39fcc870e32fbe7cb134d9d0fba8550a97c', 'hex'),
        message: '',
      },
    });
  });

  test('comes back as it was encoded', () => {
    expect(decodeLoginAnswer(encodeRedirect(redirect))).toEqual({ kind: 'redirect', redirect });
  });

  test('without a usable port or a ticket is a protocol error', () => {
    expect(decodeLoginAnswer(encodeRedirect({ ...redirect, ports: [0, 70_000] }))).toMatchObject({
      kind: 'error',
      code: 4,
    });
    expect(decodeLoginAnswer(encodeRedirect({ ...redirect, ports: [] }))).toMatchObject({ kind: 'error', code: 4 });
    expect(decodeLoginAnswer(encodeRedirect({ ...redirect, ticket: Buffer.alloc(4) }))).toMatchObject({
      kind: 'error',
      code: 4,
    });
  });

  test('has 128 ports at most', () => {
    const many = encodeRedirect({ ...redirect, ports: Array.from({ length: 200 }, (_, port) => port + 1) });
    expect(many.count('Port')).toBe(128);
  });
});

describe('additional_connect', () => {
  test('of a real client is read, and ours has the same elements', () => {
    const real = capturedPack('login-ticket-session', (pack) => pack.str('method') === 'additional_connect');
    const request = decodeAdditionalConnect(real);
    expect(request).toEqual({
      sessionKey: Buffer.from('ecb173895854d1363a2ecc82e6a869d6c00d3a40', 'hex'),
      client: { name: 'SoftEther VPN Client Developer Edition', version: 501, build: 9674 },
    });
    for (const element of encodeAdditionalConnect(request!).elements) expect(real.elements).toContainEqual(element);
  });

  test('with a key of the wrong size is none', () => {
    expect(decodeAdditionalConnect(new Pack().setData('session_key', Buffer.alloc(19)))).toBeUndefined();
  });

  test('is answered with a direction or an error', () => {
    for (const direction of ['both', 'toClient', 'toServer'] as const) {
      expect(decodeAdditionalConnectAnswer(encodeAdditionalConnectAnswer(direction))).toEqual({
        kind: 'accepted',
        direction,
      });
    }
    expect(encodeAdditionalConnectAnswer('toServer').int('direction')).toBe(2);
    expect(decodeAdditionalConnectAnswer(new Pack().setInt('error', 13))).toEqual({ kind: 'error', code: 13 });
    expect(decodeAdditionalConnectAnswer(new Pack().setInt('direction', 7))).toEqual({
      kind: 'accepted',
      direction: 'both',
    });
  });
});
