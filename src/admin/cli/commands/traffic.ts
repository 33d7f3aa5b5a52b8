import type { Count, Fields } from '../fields.ts';
import { bytes, packets } from '../output/cell.ts';
import type { Item } from './kinds.ts';

/** `Send.UnicastCount` …: frame counters, as hubs, users and sessions have them. */
export const trafficItems: readonly Item[] = [
  { key: 'sentUnicastPackets', title: 'Outgoing Unicast Packets', value: (a) => packets(a.count('Send.UnicastCount')) },
  { key: 'sentUnicastBytes', title: 'Outgoing Unicast Total Size', value: (a) => bytes(a.count('Send.UnicastBytes')) },
  {
    key: 'sentBroadcastPackets',
    title: 'Outgoing Broadcast Packets',
    value: (a) => packets(a.count('Send.BroadcastCount')),
  },
  {
    key: 'sentBroadcastBytes',
    title: 'Outgoing Broadcast Total Size',
    value: (a) => bytes(a.count('Send.BroadcastBytes')),
  },
  {
    key: 'receivedUnicastPackets',
    title: 'Incoming Unicast Packets',
    value: (a) => packets(a.count('Recv.UnicastCount')),
  },
  {
    key: 'receivedUnicastBytes',
    title: 'Incoming Unicast Total Size',
    value: (a) => bytes(a.count('Recv.UnicastBytes')),
  },
  {
    key: 'receivedBroadcastPackets',
    title: 'Incoming Broadcast Packets',
    value: (a) => packets(a.count('Recv.BroadcastCount')),
  },
  {
    key: 'receivedBroadcastBytes',
    title: 'Incoming Broadcast Total Size',
    value: (a) => bytes(a.count('Recv.BroadcastBytes')),
  },
];

/** The sum of counters of a list row. */
export function sumOf(row: Fields, names: readonly string[]): Count {
  const sum = names.reduce((total, name) => total + BigInt(row.count(name)), 0n);
  return sum <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sum) : sum;
}

export const transferredBytes = (row: Fields): Count =>
  sumOf(row, ['Ex.Recv.BroadcastBytes', 'Ex.Recv.UnicastBytes', 'Ex.Send.BroadcastBytes', 'Ex.Send.UnicastBytes']);

export const transferredPackets = (row: Fields): Count =>
  sumOf(row, ['Ex.Recv.BroadcastCount', 'Ex.Recv.UnicastCount', 'Ex.Send.BroadcastCount', 'Ex.Send.UnicastCount']);
