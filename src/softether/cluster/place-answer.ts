import type { Message } from './message.ts';

/** Where the controller wants a session to live. */
export type PlaceAnswer =
  /** At the member that asked, under this name. */
  | { readonly kind: 'here'; readonly sessionName: string }
  | {
      readonly kind: 'elsewhere';
      /** IPv4 text; empty: this server's, wherever the client has reached it. */
      readonly address: string;
      readonly ports: readonly number[];
      /** 20 bytes, base64. */
      readonly ticket: string;
      /** DER, base64. */
      readonly certificate: string;
    }
  /** For good, as far as this log-in goes: a SoftEther error number. */
  | { readonly kind: 'refused'; readonly code: number; readonly why: string }
  /** Nothing can be decided just now; `code` is the answer when it stays so. */
  | { readonly kind: 'later'; readonly code: number; readonly why: string };

const maxPorts = 128;

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;

/** @throws BadMessage */
export function placeAnswerOf(message: Message): PlaceAnswer {
  const kind = message.oneOf('kind', ['here', 'elsewhere', 'refused', 'later']);
  switch (kind) {
    case 'here':
      return { kind, sessionName: message.text('sessionName') };
    case 'elsewhere':
      return {
        kind,
        address: message.text('address'),
        ports: message.list('ports', maxPorts).filter(isPort),
        ticket: message.text('ticket'),
        certificate: message.text('certificate'),
      };
    case 'refused':
    case 'later':
      return { kind, code: message.count('code'), why: message.text('why') };
  }
}
