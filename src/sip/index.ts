export type { BadMessage } from './message/bad-message.ts';
export { buildRequest, buildResponse } from './message/build.ts';
export { decodeMessage } from './message/decode.ts';
export { MessageEdit } from './message/edit.ts';
export { HeaderId } from './message/header-id.ts';
export { SipMessage } from './message/sip-message.ts';
export { parseSipUri, SipUri } from './message/sip-uri.ts';
export { aorOf, sameUri } from './message/uri-compare.ts';
