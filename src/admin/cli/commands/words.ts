import { cell, type Cell } from '../output/cell.ts';

/** Numbers of the SoftEther protocol that stand for words. */
type Words = Readonly<Record<number, readonly [text: string, json: string]>>;

const word = (words: Words, value: number): Cell => {
  const [text, json] = words[value] ?? [`(${value})`, String(value)];
  return cell(text, json);
};

const serverTypes: Words = {
  0: ['Standalone Server', 'standalone'],
  1: ['Cluster Controller', 'controller'],
  2: ['Cluster Member Server', 'member'],
};
export const ServerType = { standalone: 0, controller: 1, member: 2 } as const;
export const serverType = (value: number): Cell => word(serverTypes, value);

const hubTypes: Words = {
  0: ['Standalone', 'standalone'],
  1: ['Static Hub', 'static'],
  2: ['Dynamic Hub', 'dynamic'],
};
export const HubType = { standalone: 0, static: 1, dynamic: 2 } as const;
export const hubType = (value: number): Cell => word(hubTypes, value);

const connectionTypes: Words = {
  0: ['Client', 'client'],
  1: ['Initializing...', 'initializing'],
  2: ['Login', 'login'],
  3: ['Additional Connection', 'additional'],
  4: ['Clustering RPC', 'cluster'],
  5: ['Management RPC', 'management'],
  6: ['Hub Enumeration RPC', 'enumeration'],
  7: ['Changing Password', 'password'],
  8: ['MS-SSTP Connection', 'sstp'],
  9: ['OpenVPN Connection', 'openvpn'],
};
export const connectionType = (value: number): Cell => word(connectionTypes, value);

const authTypes: Words = {
  0: ['Anonymous Authentication', 'anonymous'],
  1: ['Password Authentication', 'password'],
  2: ['Individual Certificate Authentication', 'certificate'],
  3: ['Signed Certificate Authentication', 'signed'],
  4: ['RADIUS Authentication', 'radius'],
  5: ['NT Domain Authentication', 'ntDomain'],
};
export const AuthType = { anonymous: 0, password: 1, certificate: 2, signed: 3, radius: 4, ntDomain: 5 } as const;
export const authType = (value: number): Cell => word(authTypes, value);

export const onlineOrOffline = (isOnline: boolean): Cell => cell(isOnline ? 'Online' : 'Offline', isOnline);
