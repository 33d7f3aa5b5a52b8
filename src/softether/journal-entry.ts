import { nodeInfoOf, setNodeInfo } from './codec/node-info.ts';
import { boolElement, dataElement, int64Element, intElement, strElement } from './codec/pack-element.ts';
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
  const pack = new Pack([
    strElement('hub', hubName),
    strElement('name', identity.name),
    strElement('connection', identity.connectionName),
    strElement('user', identity.userName),
    strElement('real_user', identity.realUserName),
    strElement('group', identity.groupName),
    boolElement('administrator', identity.isAdministrator),
    boolElement('localhost', identity.isLocalhost),
    dataElement('unique_id', Buffer.from(identity.uniqueIdText, 'latin1')),
    strElement('address', identity.remote.address),
    intElement('port', identity.remote.port),
    strElement('client_str', identity.clientProduct),
    intElement('client_ver', identity.clientVersion),
    intElement('client_build', identity.clientBuild),
    strElement('cipher', identity.cipherName),
    intElement('max_connection', terms.maxConnection),
    boolElement('half_connection', terms.isHalfConnection),
    boolElement('use_encrypt', terms.isEncrypted),
    boolElement('use_compress', terms.isCompressed),
    boolElement('bridge', terms.isBridgeMode),
    boolElement('monitor', terms.isMonitorMode),
    strElement('credential', credential),
    int64Element('started', startedAtMs),
  ]);
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
