import type { Backplane } from '#backplane';
import { sha0 } from '#base';
import type { HubDirectory } from '#hub';
import type { Clock } from '#io';

/** There once the first start has made its hub: one that is deleted later stays deleted. */
const doneKey = 'local/first-hub-made';

/** Makes the hub that a new server begins with. True: this was the first start. */
export async function makeFirstHub(options: {
  readonly backplane: Backplane;
  readonly directory: HubDirectory;
  readonly clock: Clock;
  /** Empty = none. */
  readonly name: string;
}): Promise<boolean> {
  const { backplane, directory, clock, name } = options;
  if ((await backplane.get(doneKey)) !== undefined) return false;
  if (name !== '' && directory.hub(name) === undefined) {
    await directory.createHub({
      name,
      kind: 'standalone',
      isOnline: true,
      maxSessions: 0,
      isHiddenFromEnum: false,
      // No password: nobody but the server's administrator can administer it, until one is set.
      hashedPassword: sha0(Buffer.alloc(0)).toString('hex'),
      securePassword: sha0(Buffer.from('ADMINISTRATOR')).toString('hex'),
      message: '',
      createdAtMs: clock.wallMs(),
    });
  }
  await backplane.put(doneKey, '{}');
  return true;
}
