/** The initials of a name: `HubCreateStatic` → `HCS`. Names in capitals throughout (parameters) have none. */
function initials(name: string): string {
  return /[a-z]/.test(name) ? name.replace(/[^A-Z0-9]/g, '') : '';
}

/**
 * Whether `typed` may stand for `name`, as vpncmd has it: a beginning (`hubc`), the initials or a beginning of them
 * (`hcs`), or the initials followed by how the name ends (`aconnect` for AccountConnect).
 */
function abbreviates(typed: string, name: string): boolean {
  const lower = typed.toLowerCase();
  if (name.toLowerCase().startsWith(lower)) return true;
  const short = initials(name).toLowerCase();
  if (short === '') return false;
  if (short.startsWith(lower)) return true;
  return lower.startsWith(short) && name.toLowerCase().endsWith(lower.slice(short.length));
}

/** All of `names` that `typed` may mean; a name that is typed in full means only itself. Case does not count. */
export function matchingNames(typed: string, names: readonly string[]): string[] {
  const exact = names.find((name) => name.toLowerCase() === typed.toLowerCase());
  if (exact !== undefined) return [exact];
  return names.filter((name) => abbreviates(typed, name));
}
