import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileAuditLog, type AuditRecord } from '#admin';
import { silentLogger, type Logger } from '#base';
import { defaultPolicy } from '#hub';
import { adminPasswordHash, Pack, userPasswordHash } from '#softether';
import { callRpc, openFixture, type Fixture } from './fixture.ts';
import { NOW_MS } from './records.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(() => fixture.close());

const records = (): AuditRecord[] => fixture.auditLines.map((line) => JSON.parse(line) as AuditRecord);

describe('the audit log', () => {
  test('has who, from where, what, and what it was before and after', async () => {
    await callJson(fixture.context, 'SetHub', { HubName_str: 'DEFAULT', MaxSession_u32: 5 });
    expect(records()).toEqual([
      {
        time: new Date(NOW_MS).toISOString(),
        role: 'server',
        from: '192.0.2.1',
        face: 'json-rpc',
        operation: 'SetHub',
        outcome: 'done',
        changes: [{ target: 'hub DEFAULT', before: { maxSessions: 0 }, after: { maxSessions: 5 } }],
      },
    ]);
  });

  test('has refused changes too, with what they were about and the number that the caller got', async () => {
    const hubAdministrator = { role: 'hub', hubName: 'OTHER', remoteAddress: '192.0.2.9', face: 'json-rpc' } as const;
    await callJson(fixture.context, 'DeleteHub', { HubName_str: 'DEFAULT' }, hubAdministrator);
    await callJson(fixture.context, 'DeleteHub', { HubName_str: 'NOSUCH' });
    expect(records().map(({ role, hub, outcome, changes }) => ({ role, hub, outcome, changes }))).toEqual([
      { role: 'hub', hub: 'OTHER', outcome: 52, changes: [{ target: 'HubName DEFAULT' }] },
      { role: 'server', hub: undefined, outcome: 8, changes: [{ target: 'HubName NOSUCH' }] },
    ]);
  });

  test('has no reading operation', async () => {
    await callJson(fixture.context, 'GetUser', { HubName_str: 'DEFAULT', Name_str: 'user1' });
    await callJson(fixture.context, 'EnumHub', {});
    expect(fixture.auditLines).toEqual([]);
  });

  test('tells of a policy only the items that changed', async () => {
    const policy = Object.fromEntries(
      Object.entries({ ...defaultPolicy, MaxConnection: 8 }).map(([name, value]) => [
        `policy:${name}_${typeof value === 'boolean' ? 'bool' : 'u32'}`,
        value,
      ]),
    );
    const params = { HubName_str: 'DEFAULT', Name_str: 'user1', UsePolicy_bool: true, ...policy };
    fixture.clock.advance(1000);
    await callJson(fixture.context, 'SetUser', params);
    expect(records()[0]!.changes[0]).toMatchObject({
      target: 'user user1 of hub DEFAULT',
      before: { 'policy.MaxConnection': 16 },
      after: { 'policy.MaxConnection': 8, updatedAtMs: NOW_MS + 1000 },
    });
    expect(Object.keys(records()[0]!.changes[0]!.after!)).toHaveLength(2);
  });

  test('is kept in memory for the newest records, for a hub administrator those of the own hub', async () => {
    const hubAdministrator = { role: 'hub', hubName: 'OTHER', remoteAddress: '192.0.2.9', face: 'json-rpc' } as const;
    await callJson(fixture.context, 'SetHubOnline', { HubName_str: 'DEFAULT', Online_bool: true });
    await callJson(fixture.context, 'SetHubOnline', { HubName_str: 'OTHER', Online_bool: false }, hubAdministrator);
    const all = await callJson(fixture.context, 'HubfarmTailAudit', { Count_u32: 10 });
    expect(all).toMatchObject({ result: { AuditList: [{ Role_str: 'server' }, { Role_str: 'hub' }] } });
    const own = await callJson(fixture.context, 'HubfarmTailAudit', {}, hubAdministrator);
    expect(own).toMatchObject({ result: { AuditList: [{ Operation_str: 'SetHubOnline', HubName_str: 'OTHER' }] } });
    const last = await callJson(fixture.context, 'HubfarmTailAudit', { Count_u32: 1 });
    expect(last).toMatchObject({ result: { AuditList: [{ Role_str: 'hub' }] } });
  });

  test('goes to the log of the server where its file cannot take it', () => {
    const told: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => told.push(fields) };
    const log = new FileAuditLog({ write: () => false }, logger);
    const caller = { role: 'server', remoteAddress: '192.0.2.1', face: 'socket' } as const;
    log.record({ timeMs: NOW_MS, caller, operation: 'Flush', outcome: 'done', changes: [] });
    expect(told).toMatchObject([{ record: { operation: 'Flush' } }]);
  });

  test('forgets the oldest records in memory, not in the file, when there are too many', () => {
    const lines: string[] = [];
    const log = new FileAuditLog({ write: (line) => lines.push(line) > 0 }, silentLogger);
    const caller = { role: 'server', remoteAddress: '192.0.2.1', face: 'socket' } as const;
    for (let n = 0; n < 1200; n++) {
      log.record({ timeMs: NOW_MS + n, caller, operation: `Op${n}`, outcome: 'done', changes: [] });
    }
    expect(lines).toHaveLength(1200);
    expect(log.tail(5000)).toHaveLength(1000);
    expect(log.tail(1)).toMatchObject([{ operation: 'Op1199' }]);
  });
});

describe('no secret reaches the audit log:', () => {
  const passwords = ['s3cret-one', 's3cret-two'];

  /** What must not be found in any line, in any of the forms it could have there. */
  function secretsOf(password: string): string[] {
    const hashes = [
      adminPasswordHash(password),
      userPasswordHash(password, 'administrator'),
      userPasswordHash(password, 'u9'),
    ];
    return [password, ...hashes.flatMap((hash) => [hash.toString('hex'), hash.toString('base64')])];
  }

  test('passwords of hubs, users and the server, and private keys, show only as set or changed', async () => {
    const { context } = fixture;
    for (const password of passwords) {
      await callJson(context, 'CreateHub', { HubName_str: 'H9', AdminPasswordPlainText_str: password });
      await callJson(context, 'SetHub', { HubName_str: 'H9', AdminPasswordPlainText_str: password });
      const user = { HubName_str: 'H9', Name_str: 'u9', AuthType_u32: 1, Auth_Password_str: password };
      await callJson(context, 'CreateUser', user);
      await callJson(context, 'SetUser', user);
      await callJson(context, 'SetServerPassword', { PlainTextPassword_str: password });
    }
    await callJson(context, 'RegenerateServerCert', { StrValue_str: 'newname' });
    await callJson(context, 'DeleteUser', { HubName_str: 'H9', Name_str: 'u9' });
    await callJson(context, 'DeleteHub', { HubName_str: 'H9' });
    const text = fixture.auditLines.join('\n');
    for (const secret of passwords.flatMap(secretsOf)) expect(text).not.toContain(secret);
    expect(text).not.toContain('PRIVATE KEY');
    const byOperation = (name: string): unknown[] =>
      records()
        .filter(({ operation, outcome }) => operation === name && outcome === 'done')
        .map(({ changes }) => changes[0]);
    expect(byOperation('CreateHub')[0]).toMatchObject({ after: { hashedPassword: 'set', securePassword: 'set' } });
    expect(byOperation('SetHub')[1]).toMatchObject({ after: { hashedPassword: 'changed' } });
    expect(byOperation('SetUser')[1]).toMatchObject({ after: { 'auth.hashedKey': 'changed' } });
    expect(byOperation('SetServerPassword')[0]).toMatchObject({ after: { hashedPassword: 'changed' } });
    expect(byOperation('RegenerateServerCert')[0]).toMatchObject({ after: { privateKeyPem: 'changed' } });
    expect(byOperation('DeleteUser')[0]).toMatchObject({ before: { 'auth.hashedKey': 'removed' } });
  });

  test('nor over RPC', async () => {
    const hash = adminPasswordHash(passwords[0]!);
    const request = new Pack().setStr('function_name', 'SetServerPassword').setData('HashedPassword', hash);
    expect((await callRpc(fixture.context, request)).int('error')).toBe(0);
    expect(fixture.auditLines[0]).not.toContain(hash.toString('hex'));
    expect(records()[0]).toMatchObject({ face: 'softether-rpc', from: '192.0.2.1', operation: 'SetServerPassword' });
  });
});
