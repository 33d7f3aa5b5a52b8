import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { useNetwork } from './namespaces.ts';
import { hub, Office, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';

if (requirePeers(['vpnclient', 'vpncmd', 'openssl', 'ip'])) {
  describe('a real SoftEther client with a certificate', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;

    const makeCertificate = async (name: string): Promise<{ certificateFile: string; keyFile: string }> => {
      const certificateFile = join(anna.host.folder, `${name}.crt`);
      const keyFile = join(anna.host.folder, `${name}.key`);
      await anna.host.mustRun('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`],
        ...['-keyout', keyFile, '-out', certificateFile],
      ]);
      return { certificateFile, keyFile };
    };

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      anna = await office.hire('anna');
    });

    test('logs in with the one that the real vpncmd registered for its user', async () => {
      const certificate = await makeCertificate('anna');
      await office.server.admin.hubCommand(hub, 'UserCertSet', 'anna', `/LOADCERT:${certificate.certificateFile}`);
      await anna.client.createAccount({ ...office.account(anna, 'certificate'), certificate });
      await anna.client.mustConnect('certificate');
      await anna.client.disconnect('certificate');
    });

    test('is refused with another one of the same name (code 9)', async () => {
      const certificate = await makeCertificate('other');
      await anna.client.createAccount({ ...office.account(anna, 'forged'), certificate });
      await anna.client.connect('forged');
      await anna.client.waitLogged(/\(code 9\)/);
      expect(await office.sessions()).toEqual([]);
      await anna.client.disconnect('forged');
    });

    test('may come without anything where its user is anonymous', async () => {
      await office.server.admin.hubCommand(hub, 'UserAnonymousSet', 'anna');
      const { name, server, hub: hubName, user } = office.account(anna, 'anonymous');
      await anna.client.createAccount({ name, server, hub: hubName, user });
      await anna.client.mustConnect('anonymous');
      await anna.client.disconnect('anonymous');
    });
  });
}
