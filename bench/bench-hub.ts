import type { HubRecord } from '#hub';

/** A hub that takes everybody. */
export const benchHub: HubRecord = {
  name: 'BENCH',
  kind: 'standalone',
  isOnline: true,
  maxSessions: 0,
  isHiddenFromEnum: false,
  hashedPassword: '',
  securePassword: '',
  message: '',
  createdAtMs: 0,
};
