import type { OpenSip } from '#sip';
import type { Metric, Sample } from './metrics.ts';

/** What the SIP server of a member counts. */
export function sipMetrics(sip: OpenSip): readonly Metric[] {
  const requests = (direction: 'received' | 'sent'): readonly Sample[] =>
    [...sip.figures()[direction].requests].map(([method, value]) => ({ labels: { direction, method }, value }));
  const responses = (direction: 'received' | 'sent'): readonly Sample[] =>
    [...sip.figures()[direction].responses].map(([code, value]) => ({
      labels: { direction, code: String(code) },
      value,
    }));
  const byTransport = (pick: 'failedMessages' | 'garbage'): readonly Sample[] =>
    Object.entries(sip.figures().transport.transports).map(([transport, counts]) => ({
      labels: { transport },
      value: counts[pick],
    }));
  return [
    {
      name: 'hubfarm_sip_requests_total',
      help: 'SIP requests, retransmissions too.',
      kind: 'counter',
      labels: ['direction', 'method'],
      collect: () => [...requests('received'), ...requests('sent')],
    },
    {
      name: 'hubfarm_sip_responses_total',
      help: 'SIP responses, retransmissions too.',
      kind: 'counter',
      labels: ['direction', 'code'],
      collect: () => [...responses('received'), ...responses('sent')],
    },
    {
      name: 'hubfarm_sip_failed_messages_total',
      help: 'SIP messages that certainly did not arrive: refused, no connection, queue full.',
      kind: 'counter',
      labels: ['transport'],
      collect: () => byTransport('failedMessages'),
    },
    {
      name: 'hubfarm_sip_garbage_total',
      help: 'Datagrams and messages that are not SIP, or that nobody could work with.',
      kind: 'counter',
      labels: ['transport'],
      collect: () => byTransport('garbage'),
    },
    {
      name: 'hubfarm_sip_connections',
      help: 'Connections with telephones and servers: TCP, TLS, WebSocket.',
      kind: 'gauge',
      collect: () => sip.figures().transport.connections,
    },
    {
      name: 'hubfarm_sip_transactions',
      help: 'SIP transactions under way, or waiting for retransmissions.',
      kind: 'gauge',
      labels: ['side'],
      collect: () => {
        const { serverTransactions, clientTransactions } = sip.figures().transactions;
        return [
          { labels: { side: 'server' }, value: serverTransactions },
          { labels: { side: 'client' }, value: clientTransactions },
        ];
      },
    },
    {
      name: 'hubfarm_sip_calls',
      help: 'Calls that were answered and have not ended.',
      kind: 'gauge',
      collect: () => sip.figures().calls.active,
    },
    {
      name: 'hubfarm_sip_registered_contacts',
      help: 'Telephones that are registered, of all members.',
      kind: 'gauge',
      collect: () => sip.accounts.location.bindingCount,
    },
    {
      name: 'hubfarm_sip_registered_accounts',
      help: 'Accounts with a telephone that is registered, of all members.',
      kind: 'gauge',
      collect: () => sip.accounts.location.accountCount,
    },
  ];
}
