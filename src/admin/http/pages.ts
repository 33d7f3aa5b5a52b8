import { page } from '../documentation/html-page.ts';

export function frontPage(productName: string): string {
  return page(
    productName,
    `<p>This is a VPN server. VPN clients connect to this same address and port.</p>
<ul>
<li>Administrators: with <code>vpncmd</code>, VPN Server Manager or <code>hubfarm</code>; by program through
<a href="/api/">JSON-RPC</a>.</li>
<li>Monitoring: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</li>
</ul>`,
  );
}

export function unauthorizedPage(): string {
  return page(
    '401 Unauthorized',
    `<p>Administration needs a password.</p>
<ul>
<li>In a browser: user <code>administrator</code> (or none) with the server's administration password, or the name of a
Virtual Hub as user with that hub's administration password.</li>
<li>By program: the header <code>X-VPNADMIN-PASSWORD</code>, and for a hub's administrator
<code>X-VPNADMIN-HUBNAME</code>.</li>
</ul>`,
  );
}
