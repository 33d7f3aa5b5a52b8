import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdminContext } from '#admin';
import type { MediaFigures } from '#media';
import type { MediaControl, SipControl } from '../../src/admin/operations/sip-control.ts';
import { openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

const figures: MediaFigures = {
  calls: 3,
  relayed: { always: 0, asked: 0, families: 1, nat: 4, 'lan-wan': 2 },
  full: 1,
  silent: 2,
  failed: 0,
  takenOver: 0,
  withoutPackets: 5,
  ports: { range: { first: 10_000, last: 10_099 }, total: 50, taken: 8, refused: 1 },
  relay: { sessions: 3, streams: 4, kernelStreams: 2, packets: 6e9, octets: 7, droppedPackets: 8 },
  means: 'kernel (nftables)',
  wanAddress: '192.0.2.1',
};

let fixture: Fixture;
let place: ReturnType<MediaControl['place']>;

beforeEach(async () => {
  fixture = await openFixture();
  place = { ports: { first: 10_000, last: 10_099 }, wanAddress: '', isWanOfCluster: false, servicePorts: [5060] };
});
afterEach(() => fixture.close());

async function call(method: string, media: MediaControl | undefined): Promise<Record<string, unknown>> {
  const sip = { media } as Partial<SipControl> as SipControl;
  const context: AdminContext = { ...fixture.context, sip };
  const answer = await callJson(context, method, {});
  return 'error' in answer ? { error: answer.error.message } : (answer.result as Record<string, unknown>);
}
const control: MediaControl = { figures: () => figures, place: () => place };

test('HubfarmMediaGetStatus shows ports, who forwards, and counts beyond 32 bits', async () => {
  const answer = await call('HubfarmMediaGetStatus', control);
  expect(answer['MemberList']).toMatchObject([
    {
      Means_str: 'kernel (nftables)',
      Ports_str: '10000-10099',
      WanAddress_str: '192.0.2.1',
      PairsTaken_u32: 8,
      PairsTotal_u32: 50,
      Streams_u32: 4,
      KernelStreams_u32: 2,
      Packets_u64: 6e9,
      WithoutPackets_u64: 5,
    },
  ]);
  expect(answer['ReasonList']).toContainEqual(expect.objectContaining({ Reason_str: 'nat', NumCalls_u64: 4 }));
});

test('HubfarmMediaCheck says how media are reached, what a balancer passes on, and what is wrong', async () => {
  place = { ...place, wanAddress: '192.0.2.1', isWanOfCluster: true, servicePorts: [5060, 10_010] };
  const answer = await call('HubfarmMediaCheck', control);
  expect(answer).toMatchObject({ Method_str: 'single-ip', NumStreams_u32: 50 });
  expect(answer['ForwardingList']).toMatchObject([{ Ports_str: '10000-10099' }]);
  expect(answer['FindingList']).toMatchObject([
    { Level_str: 'error', Text_str: expect.stringContaining('10010') as string },
  ]);
});

test('a server that relays nothing says where that is set', async () => {
  for (const method of ['HubfarmMediaGetStatus', 'HubfarmMediaCheck']) {
    expect(await call(method, undefined)).toEqual({ error: expect.stringContaining('[media]') as string });
  }
});
