/** Ports that switches know by name, as the guides of ServerIron and Alteon spell them. */
const names: ReadonlyMap<number, string> = new Map([
  [21, 'ftp'],
  [25, 'smtp'],
  [53, 'dns'],
  [80, 'http'],
  [110, 'pop3'],
  [143, 'imap4'],
  [389, 'ldap'],
]);

/** What a switch calls a port: its name, or the number itself. */
export const switchPortName = (port: number): string => names.get(port) ?? String(port);
