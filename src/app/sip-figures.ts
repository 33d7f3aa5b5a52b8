import type { OpenSipFigures } from '#sip';

/** What administrators are shown of a SIP server: counts since its start, and numbers of what there is, by name. */
export function sipFigures({
  transactions,
  calls,
  transport,
  relayed,
  farm,
}: OpenSipFigures): readonly (readonly [name: string, value: number])[] {
  const used = Object.entries(transport.transports).filter(
    ([, { receivedMessages, sentMessages, garbage }]) => receivedMessages + sentMessages + garbage > 0,
  );
  return [
    ...Object.entries(transactions),
    ['activeCalls', calls.active],
    ['connections', transport.connections],
    ...used.flatMap(([name, { receivedMessages, sentMessages, failedMessages, garbage }]) => [
      [`${name}.received`, receivedMessages] as const,
      [`${name}.sent`, sentMessages] as const,
      [`${name}.failed`, failedMessages] as const,
      [`${name}.garbage`, garbage] as const,
    ]),
    ['relayed', relayed],
    ...Object.entries(farm ?? {}).map(([name, value]) => [`farm.${name}`, value] as const),
  ];
}
