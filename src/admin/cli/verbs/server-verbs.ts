import { sha0, hex, sha256, inspectCertificate } from '#base';
import { moment, cell, integer, plain, flag, type Cell } from '../output/cell.ts';
import { nothingToShow, outcomeToJson, showTable, type Outcome } from '../commands/command.ts';
import { localError, usageError } from '../exit-code.ts';
import { isJsonObject } from '../json-document.ts';
import { chooseNewPassword, generatedLine, passwordOptions } from './new-password.ts';
import { namedVerb, runNamed, said, type Verb, type VerbContext } from './verb.ts';

async function status(context: VerbContext): Promise<Outcome> {
  const info = await runNamed(context, 'ServerInfoGet');
  const now = await runNamed(context, 'ServerStatusGet');
  const [about, counters] = [outcomeToJson(info), outcomeToJson(now)];
  if (!isJsonObject(about) || !isJsonObject(counters)) return nothingToShow;
  const blocks = [...info.blocks, { kind: 'text', lines: [''] } as const, ...now.blocks];
  return { blocks, json: { ...about, ...counters } };
}

async function setServerPassword(context: VerbContext): Promise<Outcome> {
  const password = await chooseNewPassword(context.runtime, context.options, 'the server administrator');
  if (password.text === '') throw usageError('an empty password would let anybody administer the server');
  await context.api.call('SetServerPassword', { HashedPassword_bin: sha0(password.text).toString('base64') });
  const lines = ['administrator password set', ...generatedLine('the server administrator', password)];
  return { blocks: [{ kind: 'text', lines }], json: password.isGenerated ? { password: password.text } : {} };
}

/** `eth1@*` is that of each server of a cluster. */
async function hasInterface({ api }: VerbContext, device: string): Promise<boolean> {
  if (device.endsWith('@*')) return true;
  return (await api.call('EnumEthernet')).rows('EthList').some((row) => row.text('DeviceName') === device);
}

async function showCertificate({ api }: VerbContext): Promise<Outcome> {
  const der = (await api.call('GetServerCert')).bytes('Cert');
  const info = inspectCertificate(der);
  if (info === undefined) throw localError('the server sent something that is not a certificate');
  const fingerprint = (hex(sha256(der)).toUpperCase().match(/../g) ?? []).join(':');
  const lines: readonly (readonly [string, string, Cell])[] = [
    ['commonName', 'Common Name', plain(info.subjectCommonName)],
    ['subject', 'Subject', plain(info.subjectText)],
    ['issuer', 'Issuer', plain(info.issuerText)],
    ['serial', 'Serial Number', plain(info.serialHex)],
    ['validFrom', 'Valid from', moment(info.notBeforeMs)],
    ['validUntil', 'Valid until', moment(info.notAfterMs)],
    ['keyType', 'Key', cell(`${info.publicKeyType} ${info.publicKeyBits || ''}`.trim(), info.publicKeyType)],
    ['keyBits', 'Key Bits', integer(info.publicKeyBits)],
    ['selfSigned', 'Self-signed', flag(info.isSelfSigned)],
    ['fingerprint', 'Fingerprint', plain(`sha256:${fingerprint}`)],
  ];
  const properties = lines.map(([key, title, value]) => ({ key, title, value }));
  return showTable({ kind: 'properties', properties });
}

export const serverVerbs: readonly Verb[] = [
  { noun: 'status', verb: '', about: 'show what the server is and what it is doing', run: status },
  {
    noun: 'server',
    verb: 'passwd',
    about: 'set the password of the server administrator',
    options: passwordOptions,
    hasPassword: true,
    run: setServerPassword,
  },
  { noun: 'cert', verb: 'show', about: "show the server's certificate and its fingerprint", run: showCertificate },
  namedVerb({
    noun: 'cert',
    verb: 'get',
    about: "save the server's certificate",
    words: ['<file>'],
    command: 'ServerCertGet',
    parameters: ['[cert]'],
    done: 'certificate written to %',
  }),
  namedVerb({
    noun: 'cert',
    verb: 'set',
    about: 'give the server another certificate and its key',
    words: ['<certificate-file>', '<key-file>'],
    command: 'ServerCertSet',
    parameters: ['LOADCERT', 'LOADKEY'],
    done: 'the server now uses %',
  }),
  namedVerb({
    noun: 'cert',
    verb: 'regenerate',
    about: 'make a new key and a self-signed certificate',
    words: ['<common-name>'],
    command: 'ServerCertRegenerate',
    parameters: ['[CN]'],
    done: 'the server has a new certificate for %',
  }),
  namedVerb({ noun: 'bridge', verb: 'list', about: 'list the local bridges', command: 'BridgeList' }),
  namedVerb({
    noun: 'bridge',
    verb: 'devices',
    about: 'list the network interfaces that can be bridged',
    command: 'BridgeDeviceList',
  }),
  {
    noun: 'bridge',
    verb: 'create',
    about: 'join a hub and a network interface',
    words: ['<device>'],
    options: [{ flags: '--tap', about: 'make a TAP device of this name' }],
    needsHub: true,
    run: async (context, [device = '']) => {
      const tap = context.options.isSet('tap') ? 'yes' : 'no';
      await runNamed(context, 'BridgeCreate', { '[hubname]': context.hubName, DEVICE: device, TAP: tap });
      const isThere = tap === 'yes' || (await hasInterface(context, device));
      const later = isThere ? '' : ', once there is such an interface: "hubfarm bridge devices" does not list it';
      return said(`hub ${context.hubName} and ${device} are bridged${later}`, { hub: context.hubName, device });
    },
  },
  {
    noun: 'bridge',
    verb: 'delete',
    about: 'part a hub and a network interface',
    words: ['<device>'],
    needsHub: true,
    run: async (context, [device = '']) => {
      await runNamed(context, 'BridgeDelete', { '[hubname]': context.hubName, DEVICE: device });
      return said(`hub ${context.hubName} and ${device} are parted`, { hub: context.hubName, device });
    },
  },
];
