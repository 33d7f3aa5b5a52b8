import { ErrorCode } from '#softether';
import { bool, data, int, ip, list, str, time } from '../schema/field.ts';
import { hubOperation } from './operation.ts';
import { refuse } from './refusal.ts';

const nameFields = { HubName: str() };
const keyFields = { HubName: str(), Key: int('from the list') };

const isIpv4 = (address: string): boolean => !address.includes(':');

export const addressTableOperations = [
  hubOperation({
    name: 'EnumMacTable',
    noun: 'mac-table',
    verb: 'list',
    about: 'MAC addresses that a Virtual Hub has learned, and behind which session.',
    effect: 'read',
    input: nameFields,
    output: {
      HubName: str(),
      MacTable: list({
        Key: int('names the entry, for DeleteMacTable'),
        SessionName: str(),
        MacAddress: data('6 bytes'),
        VlanId: int(),
        CreatedTime: time(),
        UpdatedTime: time('last use'),
        RemoteItem: bool('on another member of the cluster'),
        RemoteHostname: str(),
      }),
    },
    run: (context, _input, _call, hub) => ({
      HubName: hub.name,
      MacTable: (context.host.instance(hub.name)?.macEntries() ?? []).map((entry) => ({
        Key: entry.key,
        SessionName: entry.sessionName,
        MacAddress: entry.macAddress,
        VlanId: entry.vlanId,
        CreatedTime: entry.createdAtMs,
        UpdatedTime: entry.updatedAtMs,
        RemoteItem: false,
        RemoteHostname: context.info.hostName,
      })),
    }),
  }),
  hubOperation({
    name: 'DeleteMacTable',
    noun: 'mac-table',
    verb: 'delete',
    about: 'Forgets a MAC address; it is learned again from the next frame.',
    effect: 'change',
    input: keyFields,
    output: keyFields,
    run: (context, input, call, hub) => {
      const isDeleted = context.host.instance(hub.name)?.deleteMac(input.Key) ?? false;
      if (!isDeleted) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no MAC address entry ${input.Key}`);
      call.changed(`MAC address entry ${input.Key} of hub ${hub.name}`, {}, undefined);
      return input;
    },
  }),
  hubOperation({
    name: 'EnumIpTable',
    noun: 'ip-table',
    verb: 'list',
    about: 'IP addresses seen on a Virtual Hub, and behind which session.',
    effect: 'read',
    input: nameFields,
    output: {
      HubName: str(),
      IpTable: list({
        Key: int('names the entry, for DeleteIpTable'),
        SessionName: str(),
        Ip: ip('IPv4 only; 0.0.0.0 for an IPv6 address'),
        IpV6: ip('the address, of either kind'),
        IpAddress: ip('the same again'),
        DhcpAllocated: bool(),
        CreatedTime: time(),
        UpdatedTime: time('last use'),
        RemoteItem: bool('on another member of the cluster'),
        RemoteHostname: str(),
      }),
    },
    run: (context, _input, _call, hub) => ({
      HubName: hub.name,
      IpTable: (context.host.instance(hub.name)?.ipEntries() ?? []).map((entry) => ({
        Key: entry.key,
        SessionName: entry.sessionName,
        Ip: isIpv4(entry.address) ? entry.address : '',
        IpV6: entry.address,
        IpAddress: entry.address,
        DhcpAllocated: entry.isDhcpAllocated,
        CreatedTime: entry.createdAtMs,
        UpdatedTime: entry.updatedAtMs,
        RemoteItem: false,
        RemoteHostname: context.info.hostName,
      })),
    }),
  }),
  hubOperation({
    name: 'DeleteIpTable',
    noun: 'ip-table',
    verb: 'delete',
    about: 'Forgets an IP address; it is learned again from the next packet.',
    effect: 'change',
    input: keyFields,
    output: keyFields,
    run: (context, input, call, hub) => {
      const isDeleted = context.host.instance(hub.name)?.deleteIp(input.Key) ?? false;
      if (!isDeleted) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no IP address entry ${input.Key}`);
      call.changed(`IP address entry ${input.Key} of hub ${hub.name}`, {}, undefined);
      return input;
    },
  }),
];
