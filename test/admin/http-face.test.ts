import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  VpnRpcCreateHub,
  VpnRpcEnumUser,
  VpnRpcHubStatus,
  VpnRpcHubType,
  VpnRpcSetUser,
  VpnRpcUserAuthType,
  VpnServerRpc,
} from 'vpnrpc';
import { ADMIN_PASSWORD, hubRecord, HUB_PASSWORD } from './records.ts';
import { http, type HttpAnswer, type HttpRequest } from './http-client.ts';
import { startHttpServer, type HttpServer } from './http-server.ts';

let server: HttpServer;

beforeAll(async () => {
  server = await startHttpServer();
});

afterAll(() => server.close());

const ask = (request: HttpRequest): Promise<HttpAnswer> => http(server.port, request);
const call = (body: unknown, headers: Record<string, string> = { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD }) =>
  ask({ method: 'POST', path: '/api/', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const rpc = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 'a7', method, params });
const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('a call by POST', () => {
  test.each(['/api', '/api/'])('to %s is answered with result, version and id', async (path) => {
    const body = JSON.stringify(rpc('Test', { IntValue_u32: 5 }));
    const answer = await ask({ method: 'POST', path, headers: { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD }, body });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(JSON.parse(answer.body)).toEqual({
      jsonrpc: '2.0',
      id: 'a7',
      result: { IntValue_u32: 5, Int64Value_u64: 0, StrValue_str: '5', UniStrValue_utf: '' },
    });
  });

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'nonsense', ''])(
    'may call itself %j',
    async (type) => {
      const headers = { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD, ...(type === '' ? {} : { 'Content-Type': type }) };
      expect(JSON.parse((await call(rpc('Test'), headers)).body)).toHaveProperty('result');
    },
  );

  test.each([
    ['no JSON', 'garbage', '0', 38],
    ['no object', '[1]', '0', 38],
    ['an empty body', '', '0', 38],
    ['no method', '{"id":"x"}', 'x', 38],
    ['params that are no object', '{"id":"x","method":"Test","params":[1]}', 'x', 38],
    ['a method that does not exist', '{"id":4,"method":"NoSuch"}', 4, 33],
    ['a method of every object', '{"id":"x","method":"toString"}', 'x', 33],
    ['a hub that does not exist', JSON.stringify(rpc('GetHub', { HubName_str: 'NOSUCH' })), 'a7', 8],
  ])('with %s is answered with an error, and HTTP says 200', async (_what, body, id, code) => {
    const answer = await call(body);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      id,
      error: { code, message: expect.stringMatching(`^Error code ${code}: .`) as unknown },
    });
  });

  test('without parameters counts as one with none', async () => {
    expect(JSON.parse((await call('{"id":"x","method":"EnumHub"}')).body)).toHaveProperty('result.HubList');
  });
});

describe('a call by GET', () => {
  test('has its parameters in the query, and is answered as text', async () => {
    const answer = await ask({
      path: '/api/GetHubStatus?HubName_str=DEFAULT',
      headers: { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD },
    });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(JSON.parse(answer.body)).toMatchObject({ result: { HubName_str: 'DEFAULT', Online_bool: true } });
  });

  test('of /api/ shows the documentation', async () => {
    const answer = await ask({ path: '/api/' });
    expect(answer.headers['content-type']).toContain('text/html');
    for (const text of ['CreateHub', 'AdminPasswordPlainText_str', 'HubfarmEnumBan', 'AddL3Switch']) {
      expect(answer.body).toContain(text);
    }
  });
});

describe('who asks', () => {
  test.each([
    ['the empty hub name that stock clients send', { 'X-VPNADMIN-HUBNAME': '', 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD }],
    ['no hub name', { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD }],
    ['Basic as administrator', basic('Administrator', ADMIN_PASSWORD)],
    ['Basic as nobody', basic('', ADMIN_PASSWORD)],
  ])('is the server administrator with %s', async (_what, headers) => {
    expect(JSON.parse((await call(rpc('EnumConnection'), headers)).body)).toHaveProperty('result.ConnectionList');
  });

  test.each([
    ['headers', { 'X-VPNADMIN-HUBNAME': 'default', 'X-VPNADMIN-PASSWORD': HUB_PASSWORD }],
    ['Basic', basic('DEFAULT', HUB_PASSWORD)],
  ])("is a hub's administrator with %s", async (_what, headers) => {
    expect(JSON.parse((await call(rpc('EnumConnection'), headers)).body)).toMatchObject({ error: { code: 52 } });
    const status = await call(rpc('GetHubStatus', { HubName_str: 'DEFAULT' }), headers);
    expect(JSON.parse(status.body)).toHaveProperty('result.HubName_str', 'DEFAULT');
  });

  test.each([
    ['nothing', {}],
    ['a wrong password', { 'X-VPNADMIN-PASSWORD': 'wrong' }],
    ['an empty password', { 'X-VPNADMIN-PASSWORD': '' }],
    ['a password of a hub for the server', { 'X-VPNADMIN-PASSWORD': HUB_PASSWORD }],
    ['a hub that does not exist', { 'X-VPNADMIN-HUBNAME': 'NOSUCH', 'X-VPNADMIN-PASSWORD': HUB_PASSWORD }],
    ['Basic with a wrong password', basic('administrator', 'wrong')],
    ['Basic without a colon', { Authorization: 'Basic YWJj' }],
    ['another scheme', { Authorization: 'Bearer abc' }],
    ['a right Basic beside a wrong header', { ...basic('', ADMIN_PASSWORD), 'X-VPNADMIN-PASSWORD': 'wrong' }],
  ])('is told 401 with %s', async (_what, headers) => {
    const answer = await call(rpc('Test'), headers);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Basic realm=');
    expect(answer.body).not.toContain('result');
  });

  test('administers a hub without a password from the machine itself only', async () => {
    await server.fixture.directory.createHub(hubRecord('EMPTY', { hashedPassword: '' }));
    const headers = { 'X-VPNADMIN-HUBNAME': 'EMPTY', 'X-VPNADMIN-PASSWORD': '' };
    expect((await call(rpc('Test'), headers)).status).toBe(401);
  });

  test('may use letters beyond ASCII in the password, as UTF-8', async () => {
    const changed = rpc('SetHub', { HubName_str: 'OTHER', AdminPasswordPlainText_str: 'pässwörd' });
    await call(changed);
    const latin = Buffer.from('pässwörd', 'utf8').toString('latin1');
    const asHeader = { 'X-VPNADMIN-HUBNAME': 'OTHER', 'X-VPNADMIN-PASSWORD': latin };
    for (const headers of [asHeader, basic('OTHER', 'pässwörd')])
      expect((await call(rpc('Test'), headers)).status).toBe(200);
  });
});

describe('a page of another site', () => {
  test.each([
    ['an origin', { Origin: 'https://evil.example' }],
    ['an origin that is no URL', { Origin: 'null' }],
    ['the site that the browser tells', { 'Sec-Fetch-Site': 'cross-site' }],
  ])('cannot use the Basic password that a browser remembers (%s)', async (_what, headers) => {
    const answer = await call(rpc('Test'), { ...basic('', ADMIN_PASSWORD), ...headers });
    expect(answer.status).toBe(403);
  });

  test('may call with the password in the header, and is allowed to read the answer', async () => {
    const answer = await call(rpc('Test'), { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD, Origin: 'https://panel.example' });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://panel.example');
  });

  test('is told by OPTIONS what it may send', async () => {
    const answer = await ask({ method: 'OPTIONS', path: '/api/', headers: { Origin: 'https://panel.example' } });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expect(answer.headers).toMatchObject({
      allow: 'OPTIONS, GET, POST',
      'access-control-allow-origin': 'https://panel.example',
      'access-control-allow-methods': 'OPTIONS,GET,POST',
      'access-control-allow-headers': 'X-VPNADMIN-HUBNAME,X-VPNADMIN-PASSWORD',
      'access-control-allow-credentials': 'true',
      'cache-control': 'no-cache',
    });
  });

  test('may be the page that this server itself has shown', async () => {
    const origin = { Origin: server.url, 'Sec-Fetch-Site': 'same-origin' };
    expect((await call(rpc('Test'), { ...basic('', ADMIN_PASSWORD), ...origin })).status).toBe(200);
  });
});

describe('the other pages', () => {
  test('say what this server is', async () => {
    const answer = await ask({ path: '/' });
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.body).toContain('hubfarm VPN Server');
  });

  test('say that something is not there, without a trace of how', async () => {
    for (const path of ['/nosuch', '/api/x/y', '/../etc/passwd', '/%00']) {
      const answer = await ask({ path });
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      expect(answer.body.length).toBeLessThan(200);
    }
  });

  test('are healthy and not ready, as they were told', async () => {
    expect(await ask({ path: '/healthz' })).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask({ path: '/readyz' })).toMatchObject({ status: 503, body: 'store: not reachable\n' });
  });

  test('show metrics to the server administrator only', async () => {
    const path = '/metrics';
    expect((await ask({ path })).status).toBe(401);
    expect((await ask({ path, headers: basic('DEFAULT', HUB_PASSWORD) })).status).toBe(403);
    expect(await ask({ path, headers: basic('', ADMIN_PASSWORD) })).toMatchObject({
      status: 200,
      body: 'hubfarm_sessions 0\n',
    });
  });
});

describe('vpnrpc 1.0.1, the client library of the original,', () => {
  const client = (hubName: string, password: string): VpnServerRpc =>
    new VpnServerRpc('127.0.0.1', server.port, hubName, password, false);

  test('administers the server with the empty hub name that it sends', async () => {
    const api = client('', ADMIN_PASSWORD);
    expect((await api.GetServerInfo()).ServerHostName_str).toBe('vm');
    expect((await api.EnumListener()).ListenerList[0]?.Ports_u32).toBe(443);
    const hub = new VpnRpcCreateHub({
      HubName_str: 'RPC1',
      HubType_u32: VpnRpcHubType.Standalone,
      Online_bool: true,
      AdminPasswordPlainText_str: 'x',
    });
    await api.CreateHub(hub);
    const user = new VpnRpcSetUser({
      HubName_str: 'RPC1',
      Name_str: 'u1',
      AuthType_u32: VpnRpcUserAuthType.Password,
      Auth_Password_str: 'pw',
    });
    await api.CreateUser(user);
    const users = await api.EnumUser(new VpnRpcEnumUser({ HubName_str: 'RPC1' }));
    expect(users.UserList.map((one) => one.Name_str)).toEqual(['u1']);
    expect((await api.GetCaps()).CapsList.length).toBeGreaterThan(70);
  });

  test('administers one hub, and is told what it may not', async () => {
    const api = client('DEFAULT', HUB_PASSWORD);
    const status = await api.GetHubStatus(new VpnRpcHubStatus({ HubName_str: 'DEFAULT' }));
    expect(status.Online_bool).toBe(true);
    await expect(api.EnumConnection()).rejects.toThrow('Code=52');
  });

  test('reports a wrong password', async () => {
    await expect(client('', 'wrong').Test({ IntValue_u32: 1 } as never)).rejects.toThrow('401');
  });
});
