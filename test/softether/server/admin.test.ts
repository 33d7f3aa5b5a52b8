import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminPasswordHash, Pack, securePassword, type AdminChannel, type AdminConnectionHandler } from '#softether';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { adminPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeRpcMessage, RpcReader } from '../../../src/softether/codec/rpc-framing.ts';
import { HUB, Rig, type RigOptions } from './rig.ts';
import type { TestClient } from './test-client.ts';

let rig: Rig;
const start = async (options?: RigOptions): Promise<void> => {
  rig = await Rig.start(options);
};
beforeEach(() => start());
afterEach(() => rig.close());

function adminPack(client: TestClient, password: string, hub = ''): Pack {
  const pack = new Pack()
    .setStr('method', 'admin')
    .setStr('client_str', 'vpncmd')
    .setBool('accept_empty_password', true);
  if (hub !== '') pack.setStr('hubname', hub);
  return pack.setData('secure_password', securePassword(adminPasswordHash(password), client.random));
}

async function answer(password: string, hub?: string, address?: string): Promise<Pack> {
  const client = await rig.connect(address).hello();
  return client.ask(adminPack(client, password, hub));
}

const error = async (...asked: Parameters<typeof answer>): Promise<number> => (await answer(...asked)).int('error');

/** A client that is in, and what it is answered. */
async function admin(hub?: string, password = 'secret'): Promise<{ client: TestClient; answers: () => Pack[] }> {
  const client = await rig.connect().hello();
  await client.ask(adminPack(client, password, hub));
  const reader = new RpcReader(adminPackLimits);
  client.stream.receive({ data: (chunk) => reader.push(chunk), closed: (ending) => (client.ending = ending) });
  const answers = (): Pack[] => {
    const packs: Pack[] = [];
    for (let pack = reader.take(); pack !== undefined; pack = reader.take()) packs.push(pack);
    return packs;
  };
  return { client, answers };
}

const call = (name: string): Buffer => encodeRpcMessage(new Pack().setStr('function_name', name));

describe('an administrator', () => {
  it('of the server gets in with its password only: 12', async () => {
    expect([await error('secret'), await error('wrong')]).toEqual([0, 12]);
  });

  it('is told when the password is empty, and still has to prove it', async () => {
    await rig.close();
    await start({ adminPassword: '' });
    expect((await answer('')).int('empty_password')).toBe(1);
    expect(await error('guess')).toBe(12);
  });

  it('of a hub gets in with the password of that hub: 8 without hub, 12 with a wrong one', async () => {
    const hashedPassword = adminPasswordHash('hubpw').toString('hex');
    await rig.directory.updateHub(HUB, (hub) => ({ ...hub, hashedPassword }));
    expect([await error('hubpw', HUB), await error('secret', HUB), await error('x', 'NOWHERE')]).toEqual([0, 12, 8]);
  });

  it('of a hub without a password only from this machine: 51', async () => {
    expect([await error('', HUB, '198.51.100.1'), await error('', HUB, '127.0.0.1')]).toEqual([51, 0]);
  });

  it('shows in the list of connections and can be disconnected', async () => {
    const { client } = await admin();
    expect(rig.server.connections()).toMatchObject([{ name: 'CID-1', type: 'adminRpc', clientProduct: 'vpncmd' }]);
    expect(rig.server.unauthenticatedCount).toBe(0);
    rig.server.disconnect('CID-1');
    await rig.run(50);
    expect(client.ending?.clean).toBe(true);
    expect(rig.server.connections()).toEqual([]);
  });

  it('is refused when too many are in: 105', async () => {
    await rig.close();
    await start({ limits: { maxAdminConnections: 1 } });
    const { client } = await admin();
    expect(await error('secret')).toBe(105);
    client.stream.close();
    await rig.run(50);
    expect(await error('secret')).toBe(0);
  });
});

describe('administration messages', () => {
  it('are answered one by one, in order, however they are split', async () => {
    const { client, answers } = await admin();
    for (const byte of Buffer.concat([call('A'), call('B'), call('C')])) client.write(Buffer.from([byte]));
    await rig.run(200);
    expect(answers().map((pack) => pack.str('echo'))).toEqual(['A', 'B', 'C']);
  });

  it('may come in the same chunk as the log-in', async () => {
    const client = await rig.connect().hello();
    client.write(Buffer.concat([encodePackRequest(adminPack(client, 'secret'), 'x'), call('early')]));
    await client.answerPack();
    const reader = new RpcReader(adminPackLimits);
    client.stream.receive({ data: (chunk) => reader.push(chunk), closed: () => undefined });
    client.write(call('late'));
    await rig.run(50);
    expect(reader.take()?.str('echo')).toBe('late');
  });

  it('carry the role: of a hub administrator the name of the hub', async () => {
    await rig.directory.updateHub(HUB, (hub) => ({
      ...hub,
      hashedPassword: adminPasswordHash('hubpw').toString('hex'),
    }));
    const { client, answers } = await admin('office', 'hubpw');
    client.write(call('Test'));
    await rig.run(50);
    expect(answers()[0]?.str('who')).toBe(HUB);
  });

  it('a thousand sent ahead do not nest, and the next is served only after the answer to the one before', async () => {
    const { client, answers } = await admin();
    client.write(Buffer.concat(Array.from({ length: 1000 }, (_, n) => call(`f${n}`))));
    await rig.run(200);
    expect(answers()).toHaveLength(1000);
  });

  it('that take time hold back what is sent ahead', async () => {
    const requests: string[] = [];
    let channel: AdminChannel | undefined;
    const slow: AdminConnectionHandler = {
      open: (_login, opened) => {
        channel = opened;
        return {
          receive: (pack) => void requests.push(pack.str('function_name')),
          closed: () => void requests.push('closed'),
        };
      },
    };
    await rig.close();
    await start({ deps: { admin: slow } });
    const { client, answers } = await admin();
    client.write(Buffer.concat([call('one'), call('two')]));
    await rig.run(100);
    expect(requests).toEqual(['one']);
    channel?.send(new Pack().setInt('n', 1));
    await rig.run(100);
    expect(requests).toEqual(['one', 'two']);
    expect(answers().map((pack) => pack.int('n'))).toEqual([1]);
    client.pair.cut();
    await rig.run(50);
    expect(requests).toEqual(['one', 'two', 'closed']);
    expect(() => channel?.send(new Pack())).not.toThrow();
  });

  it.each([
    ['longer than allowed', Buffer.from('7fffffff', 'hex')],
    ['that are no PACK', Buffer.from('00000004ffffffff', 'hex')],
  ])('%s end the connection', async (_what, bytes) => {
    const { client } = await admin();
    client.write(bytes);
    await rig.run(50);
    expect(client.ending?.clean).toBe(true);
    expect(rig.server.connections()).toEqual([]);
  });

  it('may be hours apart', async () => {
    const { client, answers } = await admin();
    await rig.run(3_600_000);
    client.write(call('still there'));
    await rig.run(50);
    expect(answers()).toHaveLength(1);
  });
});
