import { NetworkSet } from '#base';
import { privateNetworks } from '#media';
import { addressAndPort } from '../transport/hop.ts';
import type { SipListenerStatus } from '../transport/settings.ts';
import type { FarmWarning } from './resolve-farm.ts';
import type { FaceSettings } from './settings.ts';

export interface ReadinessFacts {
  readonly settings: FaceSettings;
  /** Virtual addresses that there is a socket on. */
  readonly boundAddresses: readonly string[];
  /** The address of this machine that packets to `remote` leave from; empty: none. */
  readonly sourceFor: (remote: string) => string;
  readonly listeners: readonly SipListenerStatus[];
  readonly isRelayMissing: boolean;
  /** Why it is being stopped; empty: it is not. */
  readonly stopping: string;
}

export interface Readiness {
  /** Why calls should not come here; empty: they may. */
  readonly problem: string;
  readonly warnings: readonly FarmWarning[];
}

/** Whether a member can do the work of the farm, and what is odd about how it is set up. */
export function readinessOf(facts: ReadinessFacts): Readiness {
  const { settings, boundAddresses, listeners, isRelayMissing, stopping } = facts;
  const { balancer, virtualAddresses, wanAddress } = settings;
  const problems = stopping === '' ? [] : [stopping];
  const warnings: FarmWarning[] = [];
  const shut = listeners.filter(({ isListening, isVirtual = false }) => !isListening && !isVirtual);
  for (const { transport, host = '*', port, error = 'not open yet' } of shut) {
    problems.push(`${transport} ${addressAndPort(host, port)}: ${error}`);
  }
  if (isRelayMissing) problems.push('the port for messages of other members is not open');
  if (balancer === 'dsr') {
    for (const address of virtualAddresses.filter((one) => !boundAddresses.includes(one))) {
      problems.push(missing(address, listeners));
    }
    if (virtualAddresses.length === 0) {
      warnings.push({
        code: 'dsr-without-address',
        text: 'balancer is "dsr", but virtualAddresses does not say which addresses it answers for',
      });
    }
  }
  if (balancer === 'nat' && virtualAddresses.length === 0 && wanAddress === '') {
    warnings.push({
      code: 'nat-without-address',
      text: 'balancer is "nat", but neither virtualAddresses nor wanAddress says under which address the world sees this server: telephones are told an address that they may not reach',
    });
  }
  const hidden = balancer === 'nat' && wanAddress === '' ? hiddenAddress(virtualAddresses, facts.sourceFor) : undefined;
  if (hidden !== undefined) {
    warnings.push({
      code: 'nat-without-wan',
      text: `balancer is "nat", and the address of this server, ${hidden}, is private, but wanAddress is not set: telephones outside are told to send sound and pictures there, and nobody is heard. Set it with "hubfarm farm set --cluster --wan-address …" (one for all servers, each with ports of its own: "hubfarm media check"), or "--member NAME" (one for each)`,
    });
  }
  return { problem: problems.join('; '), warnings };
}

const privateAddresses = new NetworkSet(privateNetworks);

/** An address that nobody outside reaches, behind a virtual one that they do. */
function hiddenAddress(virtualAddresses: readonly string[], sourceFor: (remote: string) => string): string | undefined {
  const outside = virtualAddresses.filter((address) => !privateAddresses.has(address));
  return outside.map(sourceFor).find((own) => own !== '' && privateAddresses.has(own));
}

/** With the command that puts it right. */
function missing(address: string, listeners: readonly SipListenerStatus[]): string {
  const error = listeners.find(({ host, isListening }) => host === address && !isListening)?.error;
  const prefix = address.includes(':') ? 128 : 32;
  const isThere = error !== undefined && !error.includes('not an address of this machine');
  if (isThere) return `no socket on the virtual address ${address}: ${error}`;
  return `the virtual address ${address} is not on this machine: add it with "ip addr add ${address}/${prefix} dev lo", then "hubfarm farm refresh"; "hubfarm lb check" says what else is needed`;
}
