import { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';
import { boolElement, dataElement, intElement, strElement } from './pack-element.ts';
import { policyElements, policyOf, type PolicyFields } from './policy-fields.ts';

export const SESSION_KEY_BYTES = 20;

/** What a server grants; the client obeys it. UDP acceleration is off in every one. */
export interface Welcome {
  readonly sessionName: string;
  /** `CID-22` */
  readonly connectionName: string;
  /** 20 bytes: names the session in `additional_connect`. */
  readonly sessionKey: Buffer;
  /** u32; unused over TCP */
  readonly sessionKey32: number;
  readonly maxConnection: number;
  readonly useEncrypt: boolean;
  readonly useCompress: boolean;
  readonly halfConnection: boolean;
  readonly qos: boolean;
  readonly timeoutMs: number;
  /** 0 = none */
  readonly vlanId: number;
  readonly policy: PolicyFields;
  /** Shown to the user; empty = none. */
  readonly message: string;
}

/** No element `error`: a client takes its presence with any other value than 0 for a refusal. */
export function encodeWelcome(welcome: Welcome): Pack {
  return new Pack([
    strElement('session_name', welcome.sessionName),
    strElement('connection_name', welcome.connectionName),
    intElement('max_connection', welcome.maxConnection),
    boolElement('use_encrypt', welcome.useEncrypt),
    boolElement('use_compress', welcome.useCompress),
    boolElement('half_connection', welcome.halfConnection),
    intElement('timeout', welcome.timeoutMs),
    boolElement('qos', welcome.qos),
    boolElement('is_azure_session', false),
    dataElement('session_key', welcome.sessionKey),
    intElement('session_key_32', welcome.sessionKey32),
    ...policyElements(welcome.policy),
    intElement('vlan_id', welcome.vlanId),
    boolElement('enable_udp_recovery', false),
    boolElement('suppress_client_update_notification', false),
    dataElement('Msg', Buffer.from(welcome.message)),
  ]);
}

/** Undefined if what makes a session is missing. The message is cut at nothing: it may be a page long. */
export function decodeWelcome(pack: Pack): Welcome | undefined {
  const sessionName = cutName(pack.str('session_name'));
  const connectionName = cutName(pack.str('connection_name'));
  const sessionKey = Buffer.from(pack.data('session_key'));
  if (sessionName === '' || connectionName === '' || sessionKey.length !== SESSION_KEY_BYTES) return undefined;
  return {
    sessionName,
    connectionName,
    sessionKey,
    sessionKey32: pack.int('session_key_32'),
    maxConnection: pack.int('max_connection'),
    useEncrypt: pack.bool('use_encrypt'),
    useCompress: pack.bool('use_compress'),
    halfConnection: pack.bool('half_connection'),
    qos: pack.bool('qos'),
    timeoutMs: pack.int('timeout'),
    vlanId: pack.int('vlan_id'),
    policy: policyOf(pack),
    message: messageOf(pack),
  };
}

/** The hub's message in a Welcome or a Redirect: UTF-8 without a NUL. */
export function messageOf(pack: Pack): string {
  return pack.data('Msg').toString('utf8');
}
