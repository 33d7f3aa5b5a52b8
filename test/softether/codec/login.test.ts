import { describe, expect, test } from 'vitest';
import { decodeLogin, encodeLogin, type LoginRequest } from '../../../src/softether/codec/login.ts';
import { methodOf } from '../../../src/softether/codec/method.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { notWindows } from '../../../src/softether/codec/windows-version.ts';
import { capturedPack } from './vectors.ts';

const isLogin = (pack: Pack): boolean => pack.str('method') === 'login';
const byPassword = capturedPack('login-redirect', isLogin);
const byTicket = capturedPack('login-ticket-session', isLogin);

describe('the log-in of a real client', () => {
  test('by password is read in full', () => {
    expect(methodOf(byPassword)).toBe('login');
    expect(decodeLogin(byPassword)).toMatchObject({
      hubName: 'hubD',
      userName: 'user1',
      proof: { kind: 'password', secure: Buffer.from('92d633d580489e3cb174f3bf2e97b73e11d47eb3', 'hex') },
      client: { name: 'SoftEther VPN Client Developer Edition', version: 501, build: 9674 },
      helloProduct: { name: 'SoftEther VPN Client Developer Edition', version: 501, build: 9674 },
      clientId: 0,
      maxConnection: 1,
      useEncrypt: true,
      useCompress: false,
      halfConnection: false,
      requireBridgeRoutingMode: false,
      requireMonitorMode: false,
      qos: true,
      uniqueId: Buffer.from('2e3f4c4688dc8cdff888c62211096d972efdfdf5', 'hex'),
      supportsUdpRecovery: true,
      udpAcceleration: { version: 1, maxVersion: 2, clientAddress: '0.0.0.0', clientPort: 58_994, supportsHmac: true },
      brand: '',
      adjustMss: 0,
      nodeInfo: { clientHostname: 'vm' },
      windows: notWindows('Debian GNU/Linux'),
    });
  });

  test('by ticket is read, without an offer of UDP acceleration', () => {
    const login = decodeLogin(byTicket);
    expect(login?.proof).toEqual({
      kind: 'ticket',
      ticket: Buffer.from('e1f2c53744c72363a6946e4473e0460435261490', 'hex'),
    });
    expect(login?.udpAcceleration).toBeUndefined();
    expect(login?.maxConnection).toBe(4);
  });

  test.each([byPassword, byTicket])('is what our client would send, but for what only matters over R-UDP', (real) => {
    const own = encodeLogin(decodeLogin(real)!);
    const missing = real.elements.filter((element) => !own.has(element.name)).map((element) => element.name);
    expect(missing).toEqual(['rudp_bulk_max_version', 'support_bulk_on_rudp', 'support_hmac_on_bulk_of_rudp']);
    for (const element of own.elements) expect(real.elements).toContainEqual(element);
  });
});

describe('a log-in', () => {
  const login = decodeLogin(byPassword)!;
  const small = new Pack().setStr('method', 'login').setStr('hubname', 'H').setStr('username', 'u');

  test('comes back as it was encoded, with each proof', () => {
    const proofs: LoginRequest['proof'][] = [
      { kind: 'anonymous' },
      { kind: 'password', secure: Buffer.alloc(20, 1) },
      { kind: 'plainPassword', password: 'geheim ü' },
      { kind: 'certificate', certificate: Buffer.alloc(800, 2), signature: Buffer.alloc(256, 3) },
      { kind: 'ticket', ticket: Buffer.alloc(20, 4) },
      { kind: 'unsupported', authType: 98 },
    ];
    for (const proof of proofs) {
      const sent: LoginRequest = { ...login, proof, brand: 'x', adjustMss: 1300, requireMonitorMode: true };
      expect(decodeLogin(encodeLogin(sent))).toEqual(sent);
    }
  });

  test('without a hub or a user is none', () => {
    expect(decodeLogin(new Pack().setStr('hubname', 'H'))).toBeUndefined();
    expect(decodeLogin(new Pack().setStr('username', 'u'))).toBeUndefined();
    expect(decodeLogin(small)).toBeDefined();
  });

  test('needs nothing but them', () => {
    expect(decodeLogin(small)).toMatchObject({
      proof: { kind: 'anonymous' },
      nodeInfo: undefined,
      maxConnection: 0,
      uniqueId: Buffer.alloc(0),
    });
  });

  test('has names of 255 characters at most', () => {
    const long = new Pack().setStr('hubname', 'h'.repeat(300)).setStr('username', 'u'.repeat(300));
    const decoded = decodeLogin(long);
    expect([decoded?.hubName.length, decoded?.userName.length]).toEqual([255, 255]);
  });

  test('with keys of the wrong size offers no UDP acceleration', () => {
    const pack = small
      .copy()
      .setBool('use_udp_acceleration', true)
      .setData('udp_acceleration_client_key', Buffer.alloc(19));
    expect(decodeLogin(pack)?.udpAcceleration).toBeUndefined();
  });
});

describe('the method of a PACK', () => {
  test('is known whatever its case, and unknown ones are not', () => {
    expect(methodOf(new Pack().setStr('method', 'Additional_CONNECT'))).toBe('additional_connect');
    expect(methodOf(new Pack().setStr('method', 'reboot'))).toBeUndefined();
    expect(methodOf(new Pack())).toBeUndefined();
  });
});
