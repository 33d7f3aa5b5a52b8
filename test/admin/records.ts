import type { HubRecord, UserRecord } from '#hub';
import { adminPasswordHash, userPasswordHash } from '#softether';

export const ADMIN_PASSWORD = 'adminpw';
export const HUB_PASSWORD = 'hp';
/** 2026-11-22T03:00:00Z */
export const NOW_MS = Date.UTC(2026, 10, 22, 3);

export function hubRecord(name: string, changes: Partial<HubRecord> = {}): HubRecord {
  return {
    name,
    kind: 'standalone',
    isOnline: true,
    maxSessions: 0,
    isHiddenFromEnum: false,
    hashedPassword: adminPasswordHash(HUB_PASSWORD).toString('hex'),
    securePassword: userPasswordHash(HUB_PASSWORD, 'administrator').toString('hex'),
    message: '',
    createdAtMs: NOW_MS - 1000,
    ...changes,
  };
}

export function userRecord(name: string, changes: Partial<UserRecord> = {}): UserRecord {
  return {
    name,
    groupName: '',
    realName: '',
    note: '',
    auth: { kind: 'anonymous' },
    createdAtMs: NOW_MS - 1000,
    updatedAtMs: NOW_MS - 1000,
    expiresAtMs: 0,
    policy: undefined,
    ...changes,
  };
}
