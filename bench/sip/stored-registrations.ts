import { openEmbedded } from '#backplane';
import { Lifecycle } from '#base';
import { createNodeClock, createNodeRandom, createNodeThreads } from '#io/node';
import {
  defaultDigestAlgorithms,
  defaultNonceLifetimeS,
  defaultRegistrarSettings,
  defaultSipGuardLimits,
  openSipAccounts,
  passwordHashes,
  type Binding,
} from '#sip';
import type { SipUser } from '../../test/interop/sipp.ts';

const batch = 2_000;
const registeredS = 36_000;

/**
 * Puts accounts, and a registration of each, into the store of a server that does not run. `contact`: `host:port` of them all.
 */
export async function storeRegistrations(store: string, users: readonly SipUser[], contact: string): Promise<void> {
  const clock = createNodeClock();
  const lifecycle = new Lifecycle();
  const backplane = await openEmbedded({ path: store, clock, threads: createNodeThreads() });
  const settings = {
    nonceLifetimeS: defaultNonceLifetimeS,
    digestAlgorithms: defaultDigestAlgorithms,
    guard: defaultSipGuardLimits,
    registrar: defaultRegistrarSettings,
  };
  const services = { backplane, clock, random: createNodeRandom(), settings, member: '' };
  const { directory, location } = await openSipAccounts(services, lifecycle);
  for (const domain of new Set(users.map((user) => user.domain))) await directory.createDomain(domain);
  for (let at = 0; at < users.length; at += batch) {
    const some = users.slice(at, at + batch);
    for (const [domain, own] of Map.groupBy(some, (user) => user.domain)) {
      await directory.createAccounts(domain, own.map(accountOf));
    }
    const nowS = location.nowS();
    await Promise.all(
      some.map((user) => location.save(`${user.name}@${user.domain}`, [bindingOf(user, contact, nowS)])),
    );
  }
  await lifecycle.stop();
  await backplane.close();
}

function accountOf({ name, domain, password }: SipUser) {
  const hashes = passwordHashes(name, domain, password);
  const rest = { aliases: [], displayName: '', isEnabled: true, maxContacts: 0, createdAtMs: 0, updatedAtMs: 0 };
  return { user: name, ...hashes, ...rest };
}

/** As a telephone of SIPp registers. */
function bindingOf({ name }: SipUser, contact: string, nowS: number): Binding {
  const [address = '', port] = contact.split(':');
  const untilS = nowS + registeredS;
  return {
    ...{ uri: `sip:${name}@${contact}`, params: '', q: 1000, instance: '', regId: 0, path: [] },
    ...{ expiresAtS: untilS, grantedS: registeredS, keptUntilS: untilS },
    ...{ callId: `1-${name}@${address}`, cseq: 2, isBehindNat: false, userAgent: 'sipp' },
    flow: { member: '', transport: 'udp', address, port: Number(port), socketId: 1, connectionId: 0 },
  };
}
