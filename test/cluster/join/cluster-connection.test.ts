import { describe, expect, test } from 'vitest';
import { ClusterConnection, type ClusterReach } from '#cluster';
import { VirtualClock } from '#io/sim';

const away: ClusterReach = { isOnline: false, cause: 'the engine does not answer', causeKind: 'unreachable' };
const online: ClusterReach = { isOnline: true, cause: '' };

function world(first: ClusterReach): {
  clock: VirtualClock;
  connection: ClusterConnection;
  reach(now: ClusterReach): void;
} {
  const clock = new VirtualClock();
  let current = first;
  const controller = { address: '192.0.2.1', port: 443 };
  const connection = new ClusterConnection({ clock, controller, reach: () => current });
  const reach = (now: ClusterReach): void => {
    current = now;
    connection.look();
  };
  return { clock, connection, reach };
}

describe('the connection of a member to its cluster', () => {
  test('tells its cause and counts an attempt every three seconds until it succeeds', () => {
    const { clock, connection, reach } = world(away);
    const startedAtMs = clock.wallMs();
    expect(connection.status()).toEqual({
      ...{ address: '192.0.2.1', port: 443, isOnline: false, cause: 'the engine does not answer' },
      ...{ causeKind: 'unreachable', startedAtMs, firstConnectedAtMs: 0, currentConnectedAtMs: 0 },
      ...{ tries: 1, successes: 0, failures: 0 },
    });
    clock.advance(9_500);
    expect(connection.status()).toMatchObject({ tries: 4, failures: 3, successes: 0 });
    reach(online);
    expect(connection.status()).toMatchObject({ isOnline: true, cause: '', causeKind: 'none', successes: 1, tries: 4 });
    expect(connection.status()).toMatchObject({
      firstConnectedAtMs: startedAtMs + 9_500,
      currentConnectedAtMs: startedAtMs + 9_500,
    });
  });

  test('begins again at once when it is lost, and keeps when it first succeeded', () => {
    const { clock, connection, reach } = world(online);
    const first = clock.wallMs();
    clock.advance(60_000);
    expect(connection.status()).toMatchObject({ tries: 1, successes: 1, failures: 0, currentConnectedAtMs: first });
    reach(away);
    expect(connection.status()).toMatchObject({ isOnline: false, tries: 2, failures: 0, currentConnectedAtMs: 0 });
    clock.advance(1_000);
    reach({ ...away, cause: 'no controller' });
    expect(connection.status()).toMatchObject({ cause: 'no controller', tries: 2 });
    reach(online);
    expect(connection.status()).toMatchObject({
      ...{ successes: 2, tries: 2, failures: 0, firstConnectedAtMs: first, currentConnectedAtMs: first + 61_000 },
    });
  });

  test('asks no more once it is stopped', () => {
    const { clock, connection } = world(away);
    connection.stop();
    clock.advance(60_000);
    expect(connection.status().tries).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
