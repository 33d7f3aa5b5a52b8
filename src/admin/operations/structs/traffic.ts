import type { Traffic } from '#hub';
import { int64, type ValueOf } from '../../schema/field.ts';

/** TRAFFIC. Of a session or user, "Send" is what they sent; of a hub or the server, what these sent to sessions. */
export const trafficFields = {
  'Recv.BroadcastBytes': int64(),
  'Recv.BroadcastCount': int64(),
  'Recv.UnicastBytes': int64(),
  'Recv.UnicastCount': int64(),
  'Send.BroadcastBytes': int64(),
  'Send.BroadcastCount': int64(),
  'Send.UnicastBytes': int64(),
  'Send.UnicastCount': int64(),
};

/** TRAFFIC_EX: the same in rows of lists. */
export const trafficColumns = {
  'Ex.Recv.BroadcastBytes': int64(),
  'Ex.Recv.BroadcastCount': int64(),
  'Ex.Recv.UnicastBytes': int64(),
  'Ex.Recv.UnicastCount': int64(),
  'Ex.Send.BroadcastBytes': int64(),
  'Ex.Send.BroadcastCount': int64(),
  'Ex.Send.UnicastBytes': int64(),
  'Ex.Send.UnicastCount': int64(),
};

export function trafficOutput(traffic: Readonly<Traffic>): ValueOf<typeof trafficFields> {
  return {
    'Recv.BroadcastBytes': traffic.recvBroadcastBytes,
    'Recv.BroadcastCount': traffic.recvBroadcastCount,
    'Recv.UnicastBytes': traffic.recvUnicastBytes,
    'Recv.UnicastCount': traffic.recvUnicastCount,
    'Send.BroadcastBytes': traffic.sendBroadcastBytes,
    'Send.BroadcastCount': traffic.sendBroadcastCount,
    'Send.UnicastBytes': traffic.sendUnicastBytes,
    'Send.UnicastCount': traffic.sendUnicastCount,
  };
}

type TrafficOutput = ValueOf<typeof trafficFields>;
type TrafficRow = ValueOf<typeof trafficColumns>;

const fieldNames = Object.keys(trafficFields) as (keyof TrafficOutput)[];
const columnNames = Object.keys(trafficColumns) as (keyof TrafficRow)[];

/** What several members have counted, together. */
export function sumTrafficOutputs(outputs: readonly TrafficOutput[]): TrafficOutput {
  const sum = (name: keyof TrafficOutput): number => outputs.reduce((total, output) => total + output[name], 0);
  return Object.fromEntries(fieldNames.map((name) => [name, sum(name)])) as TrafficOutput;
}

export function sumTrafficRows(rows: readonly TrafficRow[]): TrafficRow {
  const sum = (name: keyof TrafficRow): number => rows.reduce((total, row) => total + row[name], 0);
  return Object.fromEntries(columnNames.map((name) => [name, sum(name)])) as TrafficRow;
}

export function trafficRow(traffic: Readonly<Traffic>): ValueOf<typeof trafficColumns> {
  return {
    'Ex.Recv.BroadcastBytes': traffic.recvBroadcastBytes,
    'Ex.Recv.BroadcastCount': traffic.recvBroadcastCount,
    'Ex.Recv.UnicastBytes': traffic.recvUnicastBytes,
    'Ex.Recv.UnicastCount': traffic.recvUnicastCount,
    'Ex.Send.BroadcastBytes': traffic.sendBroadcastBytes,
    'Ex.Send.BroadcastCount': traffic.sendBroadcastCount,
    'Ex.Send.UnicastBytes': traffic.sendUnicastBytes,
    'Ex.Send.UnicastCount': traffic.sendUnicastCount,
  };
}
