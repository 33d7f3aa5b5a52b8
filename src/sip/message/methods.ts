/** Methods of RFC 3261 and those after it. Messages carry these very strings, so that comparing them compares pointers. */
export const knownMethods = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'PUBLISH',
  'PRACK',
  'UPDATE',
  'REFER',
  'INFO',
] as const;

/** The method at `start … end` of `text`, as the shared string where it is a known one. Case matters (RFC 3261 §7.1). */
export function methodAt(text: string, start: number, end: number): string {
  const length = end - start;
  switch (text.charCodeAt(start)) {
    case 0x41: // A
      if (length === 3 && text.startsWith('ACK', start)) return 'ACK';
      break;
    case 0x42: // B
      if (length === 3 && text.startsWith('BYE', start)) return 'BYE';
      break;
    case 0x43: // C
      if (length === 6 && text.startsWith('CANCEL', start)) return 'CANCEL';
      break;
    case 0x49: // I
      if (length === 6 && text.startsWith('INVITE', start)) return 'INVITE';
      if (length === 4 && text.startsWith('INFO', start)) return 'INFO';
      break;
    case 0x4d: // M
      if (length === 7 && text.startsWith('MESSAGE', start)) return 'MESSAGE';
      break;
    case 0x4e: // N
      if (length === 6 && text.startsWith('NOTIFY', start)) return 'NOTIFY';
      break;
    case 0x4f: // O
      if (length === 7 && text.startsWith('OPTIONS', start)) return 'OPTIONS';
      break;
    case 0x50: // P
      if (length === 7 && text.startsWith('PUBLISH', start)) return 'PUBLISH';
      if (length === 5 && text.startsWith('PRACK', start)) return 'PRACK';
      break;
    case 0x52: // R
      if (length === 8 && text.startsWith('REGISTER', start)) return 'REGISTER';
      if (length === 5 && text.startsWith('REFER', start)) return 'REFER';
      break;
    case 0x53: // S
      if (length === 9 && text.startsWith('SUBSCRIBE', start)) return 'SUBSCRIBE';
      break;
    case 0x55: // U
      if (length === 6 && text.startsWith('UPDATE', start)) return 'UPDATE';
      break;
  }
  return text.slice(start, end);
}
