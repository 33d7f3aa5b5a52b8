import { IoError } from '../../errors.ts';

/** IFNAMSIZ without the final 0. */
export const nameMaxBytes = 15;

/** What the kernel takes as a name, without `%`, which it would replace by a number. */
const goodName = /^[!-$&-.0-9;-~]{1,15}$/;

export function checkInterfaceName(name: string): void {
  if (goodName.test(name) && name !== '.' && name !== '..') return;
  throw new IoError(
    'BAD_NAME',
    `${JSON.stringify(name)} cannot be the name of an interface: 1 to ${nameMaxBytes} letters, digits, - and _`,
  );
}
