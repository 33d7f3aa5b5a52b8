import { HubfarmError } from '#base';

/** Who asks. `nobody` is a caller who has not proved anything; every operation refuses them. */
export type Caller = {
  /** IP address, or `admin.sock` for the local socket. */
  readonly remoteAddress: string;
  /** Which face the call came through; `cluster`: another member asks for its own administrators. */
  readonly face: 'softether-rpc' | 'json-rpc' | 'socket' | 'cluster';
} & ({ readonly role: 'nobody' } | { readonly role: 'server' } | { readonly role: 'hub'; readonly hubName: string });

/** Who may call an operation: any administrator, the server's, or the server's and the named hub's. */
export type Role = 'anyone' | 'server' | 'hub';

/** Hub names compare without case, as in SoftEther. */
export function isSameHub(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}

/** Whether `caller` may see the hub in lists and counts. */
export function seesHub(caller: Caller, hubName: string): boolean {
  return caller.role === 'server' || (caller.role === 'hub' && isSameHub(caller.hubName, hubName));
}

export type Rights = 'granted' | 'denied' | 'noHubNamed';

/** What the role table says of one call. */
export function rightsOf(
  operation: { readonly role: Role; readonly hubField: string },
  input: unknown,
  caller: Caller,
): Rights {
  if (caller.role === 'nobody') return 'denied';
  if (operation.role === 'anyone') return 'granted';
  if (operation.role === 'server') return caller.role === 'server' ? 'granted' : 'denied';
  const hubName = hubNameIn(input, operation.hubField);
  if (caller.role === 'hub') return hubName !== '' && isSameHub(caller.hubName, hubName) ? 'granted' : 'denied';
  return hubName === '' ? 'noHubNamed' : 'granted';
}

function hubNameIn(input: unknown, hubField: string): string {
  const value = (input as Readonly<Record<string, unknown>>)[hubField];
  if (typeof value !== 'string') throw new HubfarmError('BAD_OPERATION', `no hub name in the field ${hubField}`);
  return value;
}
