import type { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';

/** What a client says of itself and of the path to the server; the same shape as the hub's `NodeInfo`. Unverified. */
export interface NodeInfoFields {
  readonly clientProductName: string;
  readonly clientProductVersion: number;
  readonly clientProductBuild: number;
  readonly clientOsName: string;
  readonly clientOsVersion: string;
  readonly clientOsProductId: string;
  readonly clientHostname: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverProductName: string;
  readonly serverProductVersion: number;
  readonly serverProductBuild: number;
  readonly serverHostname: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly proxyHostname: string;
  readonly proxyAddress: string;
  readonly proxyPort: number;
  readonly hubName: string;
  /** 16 bytes */
  readonly uniqueId: Buffer;
}

const UNIQUE_ID_BYTES = 16;
const NO_ID = Buffer.alloc(UNIQUE_ID_BYTES);
const NO_IPV6 = Buffer.alloc(16);

/** Undefined if the peer says nothing of itself, as small clients do. Absent parts are empty, 0, or `0.0.0.0`. */
export function nodeInfoOf(pack: Pack): NodeInfoFields | undefined {
  if (!pack.has('ClientProductName')) return undefined;
  const text = (name: string): string => cutName(pack.str(name));
  const number = (name: string): number => swapped(pack.int(name));
  const address = (name: string): string => pack.ip(name) ?? '0.0.0.0';
  const uniqueId = pack.data('UniqueId');
  return {
    clientProductName: text('ClientProductName'),
    clientProductVersion: number('ClientProductVer'),
    clientProductBuild: number('ClientProductBuild'),
    clientOsName: text('ClientOsName'),
    clientOsVersion: text('ClientOsVer'),
    clientOsProductId: text('ClientOsProductId'),
    clientHostname: text('ClientHostname'),
    clientAddress: address('ClientIpAddress'),
    clientPort: number('ClientPort'),
    serverProductName: text('ServerProductName'),
    serverProductVersion: number('ServerProductVer'),
    serverProductBuild: number('ServerProductBuild'),
    serverHostname: text('ServerHostname'),
    serverAddress: address('ServerIpAddress'),
    serverPort: number('ServerPort2'),
    proxyHostname: text('ProxyHostname'),
    proxyAddress: address('ProxyIpAddress'),
    proxyPort: number('ProxyPort'),
    hubName: text('HubName'),
    uniqueId: uniqueId.length === UNIQUE_ID_BYTES ? Buffer.from(uniqueId) : NO_ID,
  };
}

/** The same block for a log-in and for the answer of `GetSessionStatus`. A `HubName` that is there already stays. */
export function setNodeInfo(pack: Pack, info: NodeInfoFields): Pack {
  pack
    .setStr('ClientProductName', info.clientProductName)
    .setStr('ServerProductName', info.serverProductName)
    .setStr('ClientOsName', info.clientOsName)
    .setStr('ClientOsVer', info.clientOsVersion)
    .setStr('ClientOsProductId', info.clientOsProductId)
    .setStr('ClientHostname', info.clientHostname)
    .setStr('ServerHostname', info.serverHostname)
    .setStr('ProxyHostname', info.proxyHostname)
    .setData('UniqueId', info.uniqueId)
    .setInt('ClientProductVer', swapped(info.clientProductVersion))
    .setInt('ClientProductBuild', swapped(info.clientProductBuild))
    .setInt('ServerProductVer', swapped(info.serverProductVersion))
    .setInt('ServerProductBuild', swapped(info.serverProductBuild))
    .setInt('ClientPort', swapped(info.clientPort))
    .setInt('ServerPort2', swapped(info.serverPort))
    .setInt('ProxyPort', swapped(info.proxyPort));
  setAddress(pack, 'ClientIpAddress', info.clientAddress);
  setAddress(pack, 'ServerIpAddress', info.serverAddress);
  setAddress(pack, 'ProxyIpAddress', info.proxyAddress);
  return pack.has('HubName') ? pack : pack.setStr('HubName', info.hubName);
}

/** An address field, and the plain 16 bytes of an IPv6 address beside it, which peers send but do not need. */
function setAddress(pack: Pack, name: string, address: string): void {
  pack.setIp(name, address);
  pack.setData(`${name}6`, pack.bool(`${name}@ipv6_bool`) ? pack.data(`${name}@ipv6_array`) : NO_IPV6);
}

/** The numbers of this block, and of no other, are sent with their bytes in reverse order. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
