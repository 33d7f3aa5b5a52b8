import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ClusterState, type ClusterMembershipFiles } from '#cluster';
import { createNodeAuthorities, createNodeClock, createNodeFiles } from '#io/node';

const clock = createNodeClock();
const authorities = createNodeAuthorities(clock);
let kept: ClusterMembershipFiles;

beforeAll(async () => {
  const authority = await authorities.makeAuthority({ commonName: 'cluster', validMs: 1e9 });
  const { requestDer, privateKeyPem } = await authorities.makeRequest('beta');
  const names = { commonName: 'beta', dnsNames: ['beta'], addresses: [] };
  const certificatePem = await authorities.sign({ authority, requestDer, ...names, validMs: 1e8 });
  kept = {
    settings: {
      mode: 'member',
      clusterId: '0123456789abcdef',
      serverName: 'beta',
      isEligible: false,
      engine: { role: 'learner', endpoints: ['192.0.2.1:5568'], initialCluster: 'a=https://192.0.2.1:5569' },
      address: '192.0.2.2',
      publicAddress: '203.0.113.2',
      publicPorts: [443, 992],
      controller: { host: 'alpha.example', port: 443 },
      weight: 100,
      isControllerOnly: false,
      joinedAtMs: 1_700_000_000_000,
    },
    identity: { certificatePem: `${certificatePem.trimEnd()}\n`, privateKeyPem: `${privateKeyPem.trimEnd()}\n` },
    authorityPem: `${authority.certificatePem.trimEnd()}\n`,
    authority: undefined,
  };
});

interface Disk {
  readonly folder: string;
  open(): Promise<ClusterState>;
  write(file: string, content: string): void;
}

function disk(): Disk {
  const data = mkdtempSync(join(tmpdir(), 'hubfarm-state-'));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const folder = join(data, 'cluster');
  return {
    folder,
    open: () => ClusterState.open(createNodeFiles(clock), data),
    write: (file, content) => writeFileSync(join(folder, file), content),
  };
}

const trimmed = (pem: string): string => pem.trim();

describe('what a server keeps of its cluster', () => {
  test('takes all changes that come at once, and none after it has left', async () => {
    const { open, folder } = disk();
    const state = await open();
    await state.save(kept);
    const withWeight = (weight: number): Promise<boolean> =>
      state.change((files) => ({ ...files, settings: { ...files.settings, weight } }));
    const withPorts = state.change((files) => ({ ...files, settings: { ...files.settings, publicPorts: [1] } }));
    expect(await Promise.all([withWeight(7), withPorts])).toEqual([true, true]);
    expect((await open()).current?.settings).toMatchObject({ weight: 7, publicPorts: [1] });
    const [late, , tooLate] = await Promise.all([withWeight(8), state.forget(), withWeight(9)]);
    expect([late, tooLate]).toEqual([true, false]);
    expect(state.current).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    expect((await open()).current).toBeUndefined();
  });

  test('is nothing while it stands alone', async () => {
    const { open } = disk();
    const state = await open();
    expect([state.current, state.formerIdentity]).toEqual([undefined, undefined]);
  });

  test('survives a restart, in files for their owner only', async () => {
    const { open, folder } = disk();
    await (await open()).save(kept);
    const again = (await open()).current;
    expect(again?.settings).toEqual(kept.settings);
    expect(trimmed(again?.identity.certificatePem ?? '')).toBe(trimmed(kept.identity.certificatePem));
    expect(trimmed(again?.identity.privateKeyPem ?? '')).toBe(trimmed(kept.identity.privateKeyPem));
    expect(trimmed(again?.authorityPem ?? '')).toBe(trimmed(kept.authorityPem));
    expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'cluster.json', 'identity.pem']);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('has the key of the authority only on a server that may control', async () => {
    const { open, folder } = disk();
    const authority = { certificatePem: kept.authorityPem, privateKeyPem: '' };
    const key = await authorities.makeAuthority({ commonName: 'cluster', validMs: 1e9 });
    const eligible = { ...kept.settings, isEligible: true };
    const state = await open();
    await state.save({ ...kept, settings: eligible, authority: key });
    expect((await open()).current?.authority?.privateKeyPem.trim()).toBe(key.privateKeyPem.trim());
    await state.save(kept);
    expect(readdirSync(folder)).not.toContain('ca-key.pem');
    expect((await open()).current?.authority).toBeUndefined();
    expect(authority.privateKeyPem).toBe('');
  });

  test('is gone after it was forgotten, and tells whoever listens', async () => {
    const { open, folder } = disk();
    const state = await open();
    let changes = 0;
    const stop = state.onChange(() => changes++);
    await state.save(kept);
    await state.forget();
    stop();
    await state.save(kept);
    expect(changes).toBe(2);
    await state.forget();
    expect(readdirSync(folder)).toEqual([]);
    expect((await open()).current).toBeUndefined();
  });

  test('leaves the key of a join that ended in doubt, and nothing else', async () => {
    const { open, folder } = disk();
    const state = await open();
    await state.save(kept);
    await state.forget({ keepsIdentity: true });
    expect(state.formerIdentity?.certificatePem).toBe(kept.identity.certificatePem);
    expect(readdirSync(folder)).toEqual(['identity.pem']);
    const again = await open();
    expect(again.current).toBeUndefined();
    expect(again.formerIdentity?.privateKeyPem.trim()).toBe(kept.identity.privateKeyPem.trim());
  });

  test('does not count without cluster.json, which is written last', async () => {
    const { open, folder } = disk();
    await (await open()).save(kept);
    rmSync(join(folder, 'cluster.json'));
    writeFileSync(join(folder, 'identity.pem'), 'half a key');
    const state = await open();
    expect([state.current, state.formerIdentity]).toEqual([undefined, undefined]);
  });

  test.each([
    ['cluster.json', '{', 'is damaged'],
    ['cluster.json', '{}', '(engine is not an object)'],
    ['cluster.json', '[]', 'not an object'],
    ['identity.pem', '', 'there is no certificate in it'],
    ['identity.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'there is no private key in it'],
    ['ca.pem', 'x', 'there is no certificate in it'],
  ])('is refused when %s holds %j, and the file and the cure are named', async (file, content, why) => {
    const { open, write, folder } = disk();
    await (await open()).save(kept);
    write(file, content);
    const error: unknown = await open().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'DAMAGED_CLUSTER_FILES' });
    expect((error as Error).message).toContain(join(folder, file));
    expect((error as Error).message).toContain(why);
    expect((error as Error).message).toContain('put it back from a backup, or delete');
  });

  test('is refused when a file is missing, or key and certificate are not of one another', async () => {
    const { open, write, folder } = disk();
    await (await open()).save(kept);
    const other = await authorities.makeRequest('x');
    write('identity.pem', kept.identity.certificatePem + other.privateKeyPem);
    await expect(open()).rejects.toThrow('key and certificate do not belong together');
    rmSync(join(folder, 'identity.pem'));
    await expect(open()).rejects.toThrow('identity.pem is damaged (it is missing)');
  });

  test('names a setting that is not what it should be', async () => {
    const { open, write, folder } = disk();
    await (await open()).save(kept);
    const settings = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) as object;
    write('cluster.json', JSON.stringify({ ...settings, publicPorts: [443, 'x'] }));
    await expect(open()).rejects.toThrow('publicPorts[1] is not an integer from 1 to 65535');
    write('cluster.json', JSON.stringify({ ...settings, serverName: '../beta' }));
    await expect(open()).rejects.toThrow('serverName "../beta" is not a server name');
  });
});
