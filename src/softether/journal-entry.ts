import { nodeInfoOf, setNodeInfo } from './codec/node-info.ts';
import { Pack } from './codec/pack.ts';
import { preAuthPackLimits } from './codec/pack-limits.ts';
import type { SessionTerms } from './handshake/session-terms.ts';
import type { SessionIdentity } from './session-identity.ts';

/** The terms that a client goes on with after we were away; the rest is decided anew from its policy. */
export type KeptTerms = Pick<
  SessionTerms,
  'maxConnection' | 'isHalfConnection' | 'isEncrypted' | 'isCompressed' | 'isBridgeMode' | 'isMonitorMode'
>;

/** What is needed to take up a session again after a restart. Without its key: that is what its client comes with. */
export interface JournalEntry {
  readonly hubName: string;
  readonly identity: Omit<SessionIdentity, 'keyText'>;
  readonly terms: KeptTerms;
  /** Stands for the password or certificate at the log-in: if it has been changed, the session is over. */
  readonly credential: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
}

/** As a PACK, like everything else that describes a session here. */
export function encodeJournalEntry({ hubName, identity, terms, credential, startedAtMs }: JournalEntry): Buffer {
  const pack = new Pack()
    .setStr('hub', hubName)
    .setStr('name', identity.name)
    .setStr('connection', identity.connectionName)
    .setStr('user', identity.userName)
    .setStr('real_user', identity.realUserName)
    .setStr('group', identity.groupName)
    .setBool('administrator', identity.isAdministrator)
    .setBool('localhost', identity.isLocalhost)
    .setData('unique_id', Buffer.from(identity.uniqueIdText, 'latin1'))
    .setStr('address', identity.remote.address)
    .setInt('port', identity.remote.port)
    .setStr('client_str', identity.clientProduct)
    .setInt('client_ver', identity.clientVersion)
    .setInt('client_build', identity.clientBuild)
    .setStr('cipher', identity.cipherName)
    .setInt('max_connection', terms.maxConnection)
    .setBool('half_connection', terms.isHalfConnection)
    .setBool('use_encrypt', terms.isEncrypted)
    .setBool('use_compress', terms.isCompressed)
    .setBool('bridge', terms.isBridgeMode)
    .setBool('monitor', terms.isMonitorMode)
    .setStr('credential', credential)
    .setInt64('started', startedAtMs);
  if (identity.nodeInfo !== undefined) setNodeInfo(pack, identity.nodeInfo);
  return pack.encode();
}

/** Throws DecodeError on what is not such a PACK. */
export function decodeJournalEntry(bytes: Uint8Array): JournalEntry {
  const pack = Pack.decode(Buffer.from(bytes), preAuthPackLimits);
  return {
    hubName: pack.str('hub'),
    identity: {
      name: pack.str('name'),
      connectionName: pack.str('connection'),
      userName: pack.str('user'),
      realUserName: pack.str('real_user'),
      groupName: pack.str('group'),
      isAdministrator: pack.bool('administrator'),
      isLocalhost: pack.bool('localhost'),
      uniqueIdText: pack.data('unique_id').toString('latin1'),
      remote: { address: pack.str('address'), port: pack.int('port') },
      clientProduct: pack.str('client_str'),
      clientVersion: pack.int('client_ver'),
      clientBuild: pack.int('client_build'),
      cipherName: pack.str('cipher'),
      nodeInfo: nodeInfoOf(pack),
    },
    terms: {
      maxConnection: pack.int('max_connection'),
      isHalfConnection: pack.bool('half_connection'),
      isEncrypted: pack.bool('use_encrypt'),
      isCompressed: pack.bool('use_compress'),
      isBridgeMode: pack.bool('bridge'),
      isMonitorMode: pack.bool('monitor'),
    },
    credential: pack.str('credential'),
    startedAtMs: Number(pack.int64('started')),
  };
}
