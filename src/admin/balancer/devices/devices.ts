import type { Device } from '../device.ts';
import { alteon } from './alteon.ts';
import { bigIp } from './bigip.ts';
import { haproxy } from './haproxy.ts';
import { keepalived } from './keepalived.ts';
import { nftables } from './nftables.ts';
import { nginx } from './nginx.ts';
import { serverIron } from './serveriron.ts';

/** Every load balancer that a configuration can be written for. */
export const devices: readonly Device[] = [serverIron, alteon, bigIp, nftables, keepalived, haproxy, nginx];
