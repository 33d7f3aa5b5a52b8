import type { OpenSip, OpenSipFigures } from '#sip';
import type { Metric, Sample } from './metrics.ts';

type Direction = 'received' | 'sent';
const directions: readonly Direction[] = ['received', 'sent'];

/** What the SIP server of a member counts; nothing while it is not up. */
export function sipMetrics(sip: () => OpenSip | undefined): readonly Metric[] {
  const counted = (samples: (figures: OpenSipFigures, sip: OpenSip) => readonly Sample[]) => (): readonly Sample[] => {
    const open = sip();
    return open === undefined ? [] : samples(open.figures(), open);
  };
  return [
    {
      name: 'hubfarm_sip_requests_total',
      help: 'SIP requests, retransmissions too.',
      kind: 'counter',
      labels: ['direction', 'method'],
      collect: counted((figures) =>
        directions.flatMap((direction) =>
          [...figures[direction].requests].map(([method, value]) => ({ labels: { direction, method }, value })),
        ),
      ),
    },
    {
      name: 'hubfarm_sip_responses_total',
      help: 'SIP responses, retransmissions too.',
      kind: 'counter',
      labels: ['direction', 'code'],
      collect: counted((figures) =>
        directions.flatMap((direction) =>
          [...figures[direction].responses].map(([code, value]) => ({ labels: { direction, code: `${code}` }, value })),
        ),
      ),
    },
    {
      name: 'hubfarm_sip_failed_messages_total',
      help: 'SIP messages that certainly did not arrive: refused, no connection, queue full.',
      kind: 'counter',
      labels: ['transport'],
      collect: counted((figures) => byTransport(figures, 'failedMessages')),
    },
    {
      name: 'hubfarm_sip_garbage_total',
      help: 'Datagrams and messages that are not SIP, or that nobody could work with.',
      kind: 'counter',
      labels: ['transport'],
      collect: counted((figures) => byTransport(figures, 'garbage')),
    },
    {
      name: 'hubfarm_sip_connections',
      help: 'Connections with telephones and servers: TCP, TLS, WebSocket.',
      kind: 'gauge',
      collect: counted((figures) => alone(figures.transport.connections)),
    },
    {
      name: 'hubfarm_sip_transactions',
      help: 'SIP transactions under way, or waiting for retransmissions.',
      kind: 'gauge',
      labels: ['side'],
      collect: counted(({ transactions: { serverTransactions, clientTransactions } }) => [
        { labels: { side: 'server' }, value: serverTransactions },
        { labels: { side: 'client' }, value: clientTransactions },
      ]),
    },
    {
      name: 'hubfarm_sip_calls',
      help: 'Calls that were answered and have not ended.',
      kind: 'gauge',
      collect: counted((figures) => alone(figures.calls.active)),
    },
    {
      name: 'hubfarm_sip_registered_contacts',
      help: 'Telephones that are registered, of all members.',
      kind: 'gauge',
      collect: counted((_figures, { accounts }) => alone(accounts.location.bindingCount)),
    },
    {
      name: 'hubfarm_sip_registered_accounts',
      help: 'Accounts with a telephone that is registered, of all members.',
      kind: 'gauge',
      collect: counted((_figures, { accounts }) => alone(accounts.location.accountCount)),
    },
  ];
}

const alone = (value: number): readonly Sample[] => [{ labels: {}, value }];

const byTransport = ({ transport }: OpenSipFigures, pick: 'failedMessages' | 'garbage'): readonly Sample[] =>
  Object.entries(transport.transports).map(([name, counts]) => ({ labels: { transport: name }, value: counts[pick] }));
