/**
 * The three functions of the (abandoned) metadata proposal that the certificate library's container asks for when it is
 * loaded. They are put on `Reflect` only if nobody else has.
 */
export function provideMetadataReflection(): void {
  if ('getMetadata' in Reflect) return;
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  const getOwnMetadata = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);
  const getMetadata = (key: unknown, target: object): unknown => {
    for (let owner: object | null = target; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
      if (metadata.get(owner)?.has(key) === true) return getOwnMetadata(key, owner);
    }
    return undefined;
  };
  const defineMetadata = (key: unknown, value: unknown, target: object): void => {
    const own = metadata.get(target) ?? new Map<unknown, unknown>();
    metadata.set(target, own.set(key, value));
  };
  Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata });
}
