import { ErrorCode } from '#softether';
import { bool, int, list, str, time } from '../schema/field.ts';
import { joined } from '../cluster/spread.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';

/** What SoftEther has no function for. Offered over JSON-RPC only; the names begin with the product's. */
const MAX_AUDIT_RECORDS = 1000;

export const hubfarmOperations = [
  operation({
    name: 'HubfarmEnumBan',
    noun: 'ban',
    verb: 'list',
    about: 'Addresses and users that are kept out after too many failed log-ins.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      BanList: list({
        Kind: str('address, user, or userAtAddress'),
        Address: str('empty: from anywhere'),
        Username: str('hub and user, with a slash; empty: anybody'),
        SinceTime: time(),
        UntilTime: time(),
      }),
    },
    run: (context) => ({
      BanList: context.server.bans().map((ban) => ({
        Kind: ban.kind,
        Address: ban.address,
        Username: ban.user,
        SinceTime: ban.sinceMs,
        UntilTime: ban.untilMs,
      })),
    }),
  }),
  operation({
    name: 'HubfarmLiftBan',
    noun: 'ban',
    verb: 'lift',
    about: 'Lets an address or a user try again at once.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Target: str('address, hub/user, or user') },
    output: { Target: str() },
    run: (context, input, call) => {
      if (!context.server.liftBan(input.Target)) {
        return refuse(ErrorCode.OBJECT_NOT_FOUND, `nothing is banned under "${input.Target}"`);
      }
      call.changed(`ban of ${input.Target}`, {}, undefined);
      return input;
    },
  }),
  operation({
    name: 'HubfarmEnumBridge',
    noun: 'bridge',
    verb: 'status',
    about: 'Local bridges as EnumLocalBridge has them, and why one of them is not active.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      BridgeList: list({
        Member: str(),
        DeviceName: str(),
        HubName: str(),
        TapMode: bool(),
        Online: bool('wanted, and its hub is online'),
        Active: bool('frames flow'),
        LastError: str('why the device is not open; empty while it is'),
        Notice: str('what hinders an open device, a line each'),
      }),
    },
    run: (context) => ({
      BridgeList: context.bridges.list().map((bridge) => ({
        Member: nameHere(context),
        DeviceName: bridge.deviceName,
        HubName: bridge.hubName,
        TapMode: bridge.tapMode,
        Online: bridge.isOnline,
        Active: bridge.isActive,
        LastError: bridge.lastError ?? '',
        Notice: bridge.notices.join('\n'),
      })),
    }),
    across: joined((outputs) => ({ BridgeList: outputs.flatMap(({ output }) => output.BridgeList) })),
  }),
  operation({
    name: 'HubfarmBackup',
    noun: 'server',
    verb: 'backup',
    about:
      'Writes a copy of the whole store to a new file on the server, while it is in use. Over the local socket only: who ' +
      'may administer over the network shall not choose files of the host. GetConfig serves them.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Path: str('absolute path; must not exist') },
    output: { Path: str() },
    run: async (context, input, call) => {
      if (call.caller.face !== 'socket') {
        return refuse(ErrorCode.NOT_SUPPORTED, 'backups are made over the local socket; GetConfig works from anywhere');
      }
      if (!input.Path.startsWith('/') || input.Path.includes('\0')) {
        return refuse(ErrorCode.INVALID_PARAMETER, `"${input.Path}" is not an absolute path`);
      }
      await context.backplane.backup(input.Path);
      call.changed(`backup ${input.Path}`, undefined, {});
      return input;
    },
  }),
  operation({
    name: 'HubfarmTailAudit',
    noun: 'audit',
    verb: 'tail',
    about: 'The newest records of the audit log, oldest first; for a hub administrator those of the own hub.',
    role: 'anyone',
    effect: 'read',
    faces: 'json',
    input: { Count: int(`1 to ${MAX_AUDIT_RECORDS}; 0 = all that are kept in memory`) },
    output: {
      AuditList: list({
        Time: str('RFC 3339'),
        Operation: str(),
        Role: str(),
        HubName: str(),
        From: str('address of the caller'),
        Face: str('softether-rpc, json-rpc, or socket'),
        Outcome: str('done, or the number of the error'),
        Changes: str('JSON: target, before, after'),
      }),
    },
    run: (context, input, { caller }) => {
      const count = input.Count === 0 ? MAX_AUDIT_RECORDS : Math.min(input.Count, MAX_AUDIT_RECORDS);
      const records = context.audit.tail(count, caller.role === 'hub' ? caller.hubName : undefined);
      return {
        AuditList: records.map((record) => ({
          Time: record.time,
          Operation: record.operation,
          Role: record.role,
          HubName: record.hub ?? '',
          From: record.from,
          Face: record.face,
          Outcome: String(record.outcome),
          Changes: JSON.stringify(record.changes),
        })),
      };
    },
  }),
];
