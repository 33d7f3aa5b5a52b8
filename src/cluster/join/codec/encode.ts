import type { ControllerMessage } from './controller-message.ts';
import { encodeFrame } from './frame.ts';
import type { MemberMessage } from './member-message.ts';

/** Buffers become base64, what is undefined is left out. */
export function encodeJoinMessage(message: MemberMessage | ControllerMessage): Buffer {
  return encodeFrame(plain(message));
}

function plain(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, field]: [string, unknown]) => [name, plainField(field)]));
}

function plainField(field: unknown): unknown {
  if (Buffer.isBuffer(field)) return field.toString('base64');
  return typeof field === 'object' && field !== null && !Array.isArray(field) ? plain(field) : field;
}
