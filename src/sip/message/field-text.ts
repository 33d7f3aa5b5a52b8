import { HubfarmError } from '#base';
import type { HeaderId } from './header-id.ts';
import { headerName } from './header-names.ts';

/** A header field to be written: by number, or by name for one without. */
export type HeaderLine = readonly [field: HeaderId | string, value: string];

/**
 * The line of a header field. Values that would end the line, or that are not bytes as Latin-1, are a mistake of the
 * caller and not of the net: what came in a message has neither.
 */
export function fieldLine(field: HeaderId | string, value: string): string {
  checkFieldText(value);
  return `${typeof field === 'string' ? field : headerName(field)}: ${value}\r\n`;
}

export function checkFieldText(value: string): void {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x0d || code === 0x0a || code > 0xff) {
      throw new HubfarmError(
        'SIP_FIELD_TEXT',
        `a header field may not have the character U+${code.toString(16)} in it`,
      );
    }
  }
}
