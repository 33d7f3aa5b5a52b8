import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeServer, hubfarm } from './fake-machine.ts';

const listed = {
  NumItem_u32: 2,
  LicenseKeyList: [
    {
      Id_u32: 4027357610,
      LicenseKey_str: 'alpha',
      LicenseId_str: 'FIRST-1',
      LicenseName_str: 'Example Ltd: Carrier Edition, 1 clients',
      Expires_dt: '1970-01-01T09:00:00.000Z',
      Status_u32: 0,
      ProductId_u32: 3,
      SystemId_u64: 0,
      SerialId_u32: 0,
    },
    {
      Id_u32: 405922883,
      LicenseKey_str: 'beta',
      LicenseId_str: 'SECOND-2',
      LicenseName_str: 'Enterprise Edition, 7 bridges',
      Expires_dt: '2027-01-31T00:00:00.000Z',
      Status_u32: 1,
      ProductId_u32: 2,
      SystemId_u64: 0,
      SerialId_u32: 0,
    },
  ],
};

const carrier = {
  EditionId_u32: 3,
  EditionStr_str: 'Carrier Edition',
  SystemId_u64: 0,
  SystemExpires_dt: '1970-01-01T09:00:00.000Z',
  NumClientConnectLicense_u32: 4294967295,
  NumBridgeConnectLicense_u32: 7,
  NeedSubscription_bool: false,
  AllowEnterpriseFunction_bool: true,
  SubscriptionExpires_dt: '1970-01-01T09:00:00.000Z',
  IsSubscriptionExpired_bool: false,
  ReleaseDate_dt: '1970-01-01T09:00:00.000Z',
};

const ask = async (server: FakeServer, ...words: string[]): Promise<string[]> => {
  const { output } = await hubfarm(['cmd', 'localhost:443', '/CMD', ...words], { server });
  const lines = output.split('\n');
  return lines.slice(lines.findIndex((line) => line.includes(' command - ')) + 1).filter((line) => line !== '');
};

describe('licences on the command line, as vpncmd 5.01 prints them', () => {
  const zone = process.env['TZ'];
  beforeAll(() => {
    process.env['TZ'] = 'Asia/Tokyo';
  });
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  test('are listed one under the other', async () => {
    const server = new FakeServer({ EnumLicenseKey: listed });
    expect(await ask(server, 'LicenseList')).toEqual([
      'Item             |Value',
      '-----------------+---------------------------------------',
      'Number           |4027357610',
      'License Key      |alpha',
      'License Type Name|Example Ltd: Carrier Edition, 1 clients',
      'Status           |Valid',
      'Expiration Date  |No Expiration',
      'License ID       |FIRST-1',
      'License Type ID  |3',
      'Server ID        |0',
      'Serial ID        |0',
      '-----------------+---------------------------------------',
      'Number           |405922883',
      'License Key      |beta',
      'License Type Name|Enterprise Edition, 7 bridges',
      'Status           |Expired',
      'Expiration Date  |2027-01-31 (Sun)',
      'License ID       |SECOND-2',
      'License Type ID  |2',
      'Server ID        |0',
      'Serial ID        |0',
      'The command completed successfully.',
    ]);
  });

  test('are listed on one line each by the verb, with what matters on a screen', async () => {
    const server = new FakeServer({ EnumLicenseKey: listed });
    const { output } = await hubfarm(['licence', 'list', '--server', 'x'], { server });
    expect(output.split('\n').slice(2, 4)).toEqual([
      '4027357610|alpha      |Example Ltd: Carrier Edition, 1 clients|Valid  |No Expiration   |FIRST-1',
      ' 405922883|beta       |Enterprise Edition, 7 bridges          |Expired|2027-01-31 (Sun)|SECOND-2',
    ]);
    const json = await hubfarm(['licence', 'list', '--server', 'x', '--json'], { server });
    expect(JSON.parse(json.output)).toMatchObject([
      { number: 4027357610, id: 'FIRST-1', server: 'alpha', status: 'valid', expiresAt: null },
      { number: 405922883, status: 'expired', expiresAt: '2027-01-31T00:00:00.000Z' },
    ]);
  });

  test('say what they allow', async () => {
    const server = new FakeServer({ GetLicenseStatus: carrier });
    expect(await ask(server, 'LicenseStatus')).toEqual([
      'Item                                 |Value',
      '-------------------------------------+----------------------------------------------------',
      'Product Edition                      |Carrier Edition',
      'Current Server ID                    |0',
      'Expiration of Current Product License|No Expiration',
      'Status of Subscription Contract      |No Need (This Edition requires no subscription keys)',
      'Allowed Concurrent Clients           |Infinite',
      'Allowed Concurrent Bridges           |7',
      'Enterprise Functions Availability    |Yes (Available)',
      'The command completed successfully.',
    ]);
    const json = await hubfarm(['licence', 'status', '--server', 'x', '--json'], { server });
    expect(JSON.parse(json.output)).toMatchObject({ maxClients: null, maxBridges: 7, allowsClusters: true });
  });

  test('a server that has none warns, and says no more', async () => {
    const server = new FakeServer({ GetLicenseStatus: { EditionId_u32: 0, EditionStr_str: 'No licence' } });
    const [, , caution] = await ask(server, 'LicenseStatus');
    expect(caution).toMatch(/^Caution: \|Because there are no product licenses registered/);
  });

  test('are added and deleted', async () => {
    const server = new FakeServer({ AddLicenseKey: {}, DelLicenseKey: {} });
    await ask(server, 'LicenseAdd', 'HF1.a.b');
    expect(server.paramsOf('AddLicenseKey')).toEqual({ IntValue_u32: 0, StrValue_str: 'HF1.a.b' });
    await ask(server, 'LicenseDel', '4027357610');
    expect(server.paramsOf('DelLicenseKey')).toEqual({ IntValue_u32: 4027357610 });
    const { output } = await hubfarm(['licence', 'add', 'HF1.a.b', '--for', 'beta', '--server', 'x'], { server });
    expect(output).toBe('licence registered for beta\n');
    expect(server.calls.at(-1)?.params).toEqual({ IntValue_u32: 0, StrValue_str: 'HF1.a.b@beta' });
  });
});
