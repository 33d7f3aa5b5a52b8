import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, hostname, networkInterfaces, release, totalmem, type, version } from 'node:os';
import type { Machine, OperatingSystem } from '../machine.ts';

export function createNodeMachine(): Machine {
  return {
    hostName: hostname(),
    os: operatingSystem(),
    cores: availableParallelism(),
    addresses,
    memory: () => ({ total: totalmem(), free: freemem() }),
  };
}

function addresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((ofInterface) => ofInterface ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address));
  const isIpv6 = ({ family }: { readonly family: string }): number => (family === 'IPv4' ? 0 : 1);
  return outside.sort((a, b) => isIpv6(a) - isIpv6(b)).map(({ address }) => address);
}

function operatingSystem(): OperatingSystem {
  const fields = osRelease();
  return {
    systemName: type(),
    productName: fields.get('NAME') ?? type(),
    vendorName: fields.get('HOME_URL') ?? '',
    version: fields.get('VERSION') ?? fields.get('VERSION_ID') ?? '',
    kernelRelease: release(),
    kernelVersion: version(),
  };
}

/** os-release(5): NAME="value" lines. */
function osRelease(): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    return fields;
  }
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value.replace(/^(["'])(.*)\1$/, '$2'));
  }
  return fields;
}
