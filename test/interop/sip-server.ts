import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HubfarmServer } from './hubfarm-server.ts';
import type { SipUser } from './sipp.ts';

/** Makes the domain and the accounts, through the command line of the server's host. */
export async function provideAccounts(
  server: HubfarmServer,
  domain: string,
  users: readonly Omit<SipUser, 'domain'>[],
): Promise<void> {
  await server.hubfarm('domain', 'add', domain);
  const file = join(server.host.folder, 'accounts.csv');
  writeFileSync(file, `${users.map(({ name, password }) => `${name},${password}`).join('\n')}\n`);
  await server.hubfarm('account', 'import', file, '--domain', domain);
}
