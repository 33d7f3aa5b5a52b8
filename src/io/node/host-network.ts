import { readFile } from 'node:fs/promises';
import { networkInterfaces, type } from 'node:os';
import type { ArpSettings, HostInterface, HostNetwork } from '../host-network.ts';

const settingsFolder = '/proc/sys/net/ipv4/conf';

export const nodeHostNetwork: HostNetwork = {
  facts: async () => {
    const interfaces = Object.entries(networkInterfaces()).map(([name, addresses = []]) =>
      readInterface(name, addresses),
    );
    return { systemName: type(), interfaces: await Promise.all(interfaces), all: await readSettings('all') };
  },
};

type Addresses = NonNullable<ReturnType<typeof networkInterfaces>[string]>;

async function readInterface(name: string, addresses: Addresses): Promise<HostInterface> {
  return {
    name,
    isLoopback: addresses.some(({ internal }) => internal),
    mac: addresses[0]?.mac ?? '',
    addresses: addresses
      .filter(({ family }) => family === 'IPv4')
      .map(({ address, netmask }) => ({ address, netmask })),
    // An address may have a label of its own: `lo:0` is `lo`.
    settings: await readSettings(name.split(':', 1)[0] ?? name),
  };
}

async function readSettings(name: string): Promise<ArpSettings | undefined> {
  const read = async (key: string): Promise<number> =>
    Number(await readFile(`${settingsFolder}/${name}/${key}`, 'utf8'));
  try {
    const [arpIgnore, arpAnnounce, rpFilter] = await Promise.all([
      read('arp_ignore'),
      read('arp_announce'),
      read('rp_filter'),
    ]);
    return { arpIgnore, arpAnnounce, rpFilter };
  } catch {
    // Not Linux, or a container that does not show it.
    return undefined;
  }
}
