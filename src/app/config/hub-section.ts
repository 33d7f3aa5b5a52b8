import { defaultHubLimits, type HubLimits } from '#hub';
import { integer, type Section } from './setting.ts';

const caps = defaultHubLimits;

export const hub: Section<HubLimits> = {
  description: 'Limits of each Virtual Hub.',
  settings: {
    maxMacEntries: integer(
      caps.maxMacEntries,
      16,
      16_777_216,
      'MAC addresses that a hub knows. Frames from a further one are dropped.',
    ),
    macExpirySeconds: integer(
      caps.macExpirySeconds,
      1,
      86_400,
      'A MAC address is forgotten so long after its last frame.',
    ),
    maxIpEntries: integer(
      caps.maxIpEntries,
      16,
      16_777_216,
      'IP addresses that a hub knows. A further one takes the place of the oldest.',
    ),
    ipExpirySeconds: integer(
      caps.ipExpirySeconds,
      1,
      86_400,
      'An IP address is forgotten so long after its last packet.',
    ),
    dhcpIpExpirySeconds: integer(caps.dhcpIpExpirySeconds, 1, 86_400, 'The same for an address that DHCP gave.'),
    exclusiveSeconds: integer(
      caps.exclusiveSeconds,
      1,
      3600,
      'With the policies CheckMac and CheckIP: how long an address that is not used stays with its session.',
    ),
    outputQueueMaxBytes: integer(
      caps.outputQueueMaxBytes,
      65_536,
      67_108_864,
      'Bytes that wait for one session. Frames that come when it is full are dropped.',
    ),
    outputMemoryBytes: integer(
      caps.outputMemoryBytes,
      1_048_576,
      68_719_476_736,
      'Bytes that wait for all sessions of a member before each of them gets outputQueueScarceBytes.',
    ),
    outputQueueScarceBytes: integer(
      caps.outputQueueScarceBytes,
      65_536,
      67_108_864,
      'Bytes that wait for one session while outputMemoryBytes are waiting for all of them.',
    ),
    stormThresholdPerSecond: integer(
      caps.stormThresholdPerSecond,
      1,
      1_000_000,
      'Broadcast frames a second from one source to one destination before the storm limiter drops them.',
    ),
    floodWritesPerSecond: integer(
      caps.floodWritesPerSecond,
      1,
      10_000_000,
      'Writes a second that broadcast alone may cause in a hub before they are gathered for some milliseconds.',
    ),
    floodHoldMinMs: integer(caps.floodHoldMinMs, 0, 1000, 'The shortest gathering.'),
    floodHoldMaxMs: integer(caps.floodHoldMaxMs, 0, 1000, 'The longest gathering.'),
    floodHoldMaxBytes: integer(
      caps.floodHoldMaxBytes,
      1024,
      1_048_576,
      'Gathered bytes of one session that are sent at once.',
    ),
  },
  conflict: ({ floodHoldMinMs, floodHoldMaxMs }) =>
    floodHoldMinMs > floodHoldMaxMs
      ? { key: 'floodHoldMinMs', message: `must not exceed floodHoldMaxMs, ${floodHoldMaxMs}` }
      : undefined,
};
