import type { NodeInfo } from '#hub';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { nodeInfoOf, setNodeInfo, type NodeInfoFields } from '../../../src/softether/codec/node-info.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { capturedPack } from './vectors.ts';

const login = capturedPack('login-redirect', (pack) => pack.str('method') === 'login');

describe('the node info block', () => {
  test('has the shape that the hub shows', () => {
    expectTypeOf<NodeInfoFields>().toEqualTypeOf<NodeInfo>();
  });

  test('of a real client is read, its numbers with their bytes turned round', () => {
    expect(nodeInfoOf(login)).toMatchObject({
      clientProductName: 'SoftEther VPN Client Developer Edition',
      clientProductVersion: 501,
      clientProductBuild: 9674,
      clientOsName: 'Debian GNU/Linux',
      clientAddress: '127.0.0.1',
      clientPort: 46_602,
      serverAddress: '127.0.0.1',
      serverPort: 20_601,
      hubName: 'hubD',
      proxyAddress: '0.0.0.0',
    });
  });

  test('is written as a real client writes it', () => {
    const own = setNodeInfo(new Pack().setStr('hubname', 'hubD'), nodeInfoOf(login)!);
    for (const element of own.elements) expect(login.elements).toContainEqual(element);
    expect(own.elements).toHaveLength(1 + 8 + 1 + 7 + 3 * 5);
  });

  test('has the hub name where nothing else has it', () => {
    const info = nodeInfoOf(login)!;
    expect(setNodeInfo(new Pack(), info).str('HubName')).toBe('hubD');
    expect(setNodeInfo(new Pack().setStr('HubName', 'other'), info).str('HubName')).toBe('other');
  });

  test('holds IPv6 addresses', () => {
    const info = { ...nodeInfoOf(login)!, clientAddress: '2001:db8::7' };
    const pack = setNodeInfo(new Pack(), info);
    expect(pack.data('ClientIpAddress6').toString('hex')).toBe('20010db8000000000000000000000007');
    expect(nodeInfoOf(pack)?.clientAddress).toBe('2001:db8::7');
  });

  test('is absent where a small client sends none, and bounded where one sends too much', () => {
    expect(nodeInfoOf(new Pack())).toBeUndefined();
    const long = new Pack().setStr('ClientProductName', 'x'.repeat(5000)).setData('UniqueId', Buffer.alloc(3));
    expect(nodeInfoOf(long)?.clientProductName).toHaveLength(255);
    expect(nodeInfoOf(long)?.uniqueId).toEqual(Buffer.alloc(16));
  });
});
