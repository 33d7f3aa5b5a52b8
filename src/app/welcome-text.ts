import type { Config } from './config/sections.ts';
import type { SipListenerStatus } from '#sip';
import type { RunningServer } from './server.ts';

/** What a person who has just started the server wants to know; the password is shown at this one start only. */
export function welcomeText(server: RunningServer, config: Config): string {
  const open = server.listeners.filter(({ isListening }) => isListening).map(({ port }) => port);
  const shut = server.listeners.filter(({ error }) => error !== undefined);
  const lines = [
    open.length === 0
      ? 'hubfarm listens on no port for VPN sessions: listeners.addresses is empty'
      : `hubfarm listens on port${open.length === 1 ? '' : 's'} ${open.join(', ')}`,
    ...shut.map(({ port, error }) => `  not on ${port}: ${error ?? ''}`),
    ...sipLines(server.sipListeners),
    `data directory: ${config.server.dataDirectory}`,
  ];
  if (server.generatedAdminPassword !== undefined) {
    lines.push('', `  administrator password (shown only now): ${server.generatedAdminPassword}`);
  }
  if (server.isFirstStart)
    lines.push(
      '',
      ...nextSteps(
        config,
        open[0],
        server.sipListeners.some(({ isListening }) => isListening),
      ),
    );
  return `${lines.join('\n')}\n\n`;
}

/** `SIP on udp, tcp 5060; tls 192.0.2.1:5061`; what could not be opened below it. */
function sipLines(listeners: readonly SipListenerStatus[]): string[] {
  if (listeners.length === 0) return [];
  const places = new Map<string, Set<string>>();
  for (const { transport, host, port } of listeners.filter(({ isListening }) => isListening)) {
    const place = host === undefined ? String(port) : `${host.includes(':') ? `[${host}]` : host}:${port}`;
    // Members share it.
    places.set(place, (places.get(place) ?? new Set<string>()).add(transport));
  }
  const open = [...places].map(([place, transports]) => `${[...transports].join(', ')} ${place}`);
  const shut = listeners.filter(({ error }) => error !== undefined);
  return [
    open.length === 0 ? 'no SIP' : `SIP on ${open.join('; ')}`,
    ...shut.map(({ transport, error }) => `  not by ${transport}: ${error ?? ''}`),
  ];
}

function nextSteps(config: Config, port: number | undefined, hasSip: boolean): string[] {
  const hub = config.server.firstHub === '' ? 'VPN' : config.server.firstHub;
  const at = `--data-dir ${config.server.dataDirectory}`;
  return [
    'What to do next, on this machine (no password needed):',
    ...(config.server.firstHub === '' ? [`  npx hubfarm hub create ${hub} ${at}`] : []),
    `  npx hubfarm user add alice --hub ${hub} ${at}`,
    ...(port === undefined
      ? []
      : [
          `then connect a SoftEther VPN client to this host, port ${port}, hub ${hub}, user alice.`,
          `vpncmd and VPN Server Manager administer this server too: vpncmd localhost:${port} /SERVER`,
        ]),
    ...(hasSip
      ? [
          'And for a telephone, which has this host as its SIP server (outbound proxy):',
          `  npx hubfarm account add alice@example.org --create-domain ${at}`,
        ]
      : []),
  ];
}
