import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlowBindings } from '../../../src/sip/registrar/flow-bindings.ts';
import { openRegistrar, type RegistrarFixture } from './registrar-fixture.ts';

let fixture: RegistrarFixture;
let flows: FlowBindings;

beforeEach(async () => {
  fixture = await openRegistrar();
  flows = new FlowBindings({ location: fixture.location, owner: fixture.registrations, member: '' });
});
afterEach(async () => {
  flows.stop();
  await fixture.close();
});

const outbound = (host: string, regId = 1, instance = 'phone'): string[] => [
  `Contact: <sip:alice@${host};ob>;+sip.instance="<urn:uuid:${instance}>";reg-id=${regId}`,
  'Supported: path, outbound',
];
const uris = (): string[] => fixture.location.lookup('alice@example.org').map(({ uri }) => uri);
const ended = async (connectionId: number): Promise<void> => {
  flows.ended({ connectionId });
  await fixture.location.settled();
};

describe('a registration whose connection has ended', () => {
  test('by WebSocket is gone: nobody can be reached there', async () => {
    const lines = ['Contact: <sip:x@a1b2.invalid;transport=ws>'];
    await fixture.register(lines, { hop: { transport: 'wss', connectionId: 7 } });
    await ended(8);
    expect(uris()).toHaveLength(1);
    await ended(7);
    expect(uris()).toEqual([]);
    await fixture.reopen();
    expect(uris()).toEqual([]);
  });

  test('by outbound is gone, and the other flow of that telephone stays (RFC 5626 §5.3)', async () => {
    await fixture.register(outbound('192.0.2.1:1000', 1), {
      hop: { transport: 'tcp', connectionId: 7, remotePort: 1 },
    });
    await fixture.register(outbound('192.0.2.1:2000', 2), {
      hop: { transport: 'tcp', connectionId: 8, remotePort: 2 },
    });
    await ended(7);
    expect(uris()).toEqual(['sip:alice@192.0.2.1:2000;ob']);
  });

  test('behind a NAT is gone', async () => {
    const hop = { transport: 'tcp', connectionId: 7, remoteAddress: '203.0.113.9', remotePort: 40_000 } as const;
    await fixture.register(['Contact: <sip:alice@10.0.0.5:5060;transport=tcp>'], { hop });
    await ended(7);
    expect(uris()).toEqual([]);
  });

  test('at an address where the telephone itself listens stays', async () => {
    const hop = { transport: 'tcp', connectionId: 7, remotePort: 40_000 } as const;
    await fixture.register(['Contact: <sip:alice@192.0.2.1:5060;transport=tcp>'], { hop });
    await ended(7);
    expect(uris()).toHaveLength(1);
  });

  test('stays when the telephone has already come back by another connection', async () => {
    const lines = outbound('192.0.2.1:1000');
    await fixture.register(lines, { hop: { transport: 'tcp', connectionId: 7, remotePort: 1 } });
    await fixture.register(lines, { hop: { transport: 'tcp', connectionId: 8, remotePort: 2 } });
    await ended(7);
    expect(uris()).toHaveLength(1);
    await ended(8);
    expect(uris()).toEqual([]);
  });

  test('of another member is that one’s business', async () => {
    await fixture.register(outbound('192.0.2.1:1000'), { hop: { transport: 'tcp', connectionId: 7 } });
    const other = new FlowBindings({ location: fixture.location, owner: fixture.registrations, member: 'other' });
    await fixture.register(outbound('192.0.2.1:1000'), { hop: { transport: 'tcp', connectionId: 7 } });
    other.ended({ connectionId: 7 });
    await fixture.location.settled();
    expect(uris()).toHaveLength(1);
    other.stop();
  });
});

test('the number of a connection is in the store: other members send by it', async () => {
  await fixture.register(outbound('192.0.2.1:1000'), { hop: { transport: 'tcp', connectionId: 7 } });
  await fixture.reopen();
  expect(fixture.location.lookup('alice@example.org')[0]?.flow?.connectionId).toBe(7);
});
