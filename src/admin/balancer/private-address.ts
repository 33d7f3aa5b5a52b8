import { NetworkSet } from '#base';
import { privateNetworks } from '#media';

const networks = new NetworkSet(privateNetworks);

/** Nobody in the Internet reaches it. */
export const isPrivateAddress = (address: string): boolean => networks.has(address);
