import { escapeXml, xmlDeclaration } from './xml-text.ts';

export const pidfType = 'application/pidf+xml';

const root = /<(?:([\w.-]+):)?presence\b([^<>]*?)(\/?)>/;

/**
 * One presence document (RFC 3863) of what an account's devices have published, oldest first. One is passed on as it is;
 * of several, the elements stand in one root. Namespaces that contradict each other cannot be joined: the newest one counts.
 * None: whether the account is registered.
 */
export function presenceDocument(aor: string, published: readonly Buffer[], isRegistered: boolean): Buffer {
  const newest = published.at(-1);
  if (newest === undefined) return basicDocument(aor, isRegistered);
  return published.length === 1 ? newest : (joined(aor, published) ?? newest);
}

function basicDocument(aor: string, isRegistered: boolean): Buffer {
  const basic = isRegistered ? 'open' : 'closed';
  const uri = escapeXml(`sip:${aor}`);
  const contact = isRegistered ? `<contact>${uri}</contact>` : '';
  return Buffer.from(
    `${xmlDeclaration}<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${uri}"><tuple id="registrar"><status>` +
      `<basic>${basic}</basic></status>${contact}</tuple></presence>\n`,
  );
}

function joined(aor: string, published: readonly Buffer[]): Buffer | undefined {
  const namespaces = new Map<string, string>();
  let inner = '';
  for (const body of published) {
    const text = body.toString('utf8');
    const open = root.exec(text);
    if (open === null || /<!DOCTYPE/i.test(text)) return undefined;
    if (open[3] === '/') continue;
    const close = text.lastIndexOf('</');
    if (close < open.index + open[0].length) return undefined;
    for (const [, name, , value] of open[2]!.matchAll(/\b(xmlns(?::[\w.-]+)?)\s*=\s*(["'])(.*?)\2/g)) {
      if (namespaces.has(name!) && namespaces.get(name!) !== value) return undefined;
      namespaces.set(name!, value!);
    }
    // Elements of a document with a prefix for PIDF itself keep it: its namespace is on the joined root, too.
    inner += text.slice(open.index + open[0].length, close);
  }
  const pidf = namespaces.get('xmlns');
  if (pidf !== undefined && pidf !== 'urn:ietf:params:xml:ns:pidf') return undefined;
  namespaces.set('xmlns', 'urn:ietf:params:xml:ns:pidf');
  const attributes = [...namespaces].map(([name, value]) => ` ${name}="${value.replaceAll('"', '&quot;')}"`).join('');
  return Buffer.from(
    `${xmlDeclaration}<presence${attributes} entity="${escapeXml(`sip:${aor}`)}">${inner}</presence>\n`,
  );
}
