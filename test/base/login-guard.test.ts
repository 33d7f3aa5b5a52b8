import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#io/sim';
import { defaultSoftEtherLimits } from '#softether';
import { LoginGuard } from '#base';

const ALICE = 'OFFICE/alice';

class Scene {
  readonly clock = new VirtualClock();
  readonly guard = new LoginGuard(this.clock, defaultSoftEtherLimits);

  fail(times: number, address: string, account = ALICE): void {
    for (let i = 0; i < times; i++) this.guard.failed(address, account);
  }

  /** Delay of the check in ms, or `refuse`. */
  ask(address: string, account = ALICE): number | 'refuse' {
    const verdict = this.guard.ask(address, account);
    return verdict.kind === 'refuse' ? 'refuse' : verdict.delayMs;
  }

  /** Each from an address of its own, so that only the user's own count grows. */
  attack(failures: number): void {
    for (let i = 0; i < failures; i++) this.fail(1, `203.0.113.${i}`);
  }
}

describe('a user under attack from many addresses', () => {
  it('still gets in from an address that has not failed, a little later', () => {
    const scene = new Scene();
    scene.attack(50);
    expect(scene.guard.bans()).toMatchObject([{ kind: 'user', user: 'office/alice', address: '' }]);
    expect(scene.ask('198.51.100.1')).toBe(3000);
    scene.guard.succeeded('198.51.100.1', ALICE);
    expect(scene.ask('198.51.100.1'), 'at once from where he has logged in before').toBe(0);
  });

  it('is refused from the addresses that have failed, until a minute has forgiven it', () => {
    const scene = new Scene();
    scene.attack(50);
    expect(scene.ask('203.0.113.7')).toBe('refuse');
    scene.clock.advance(60_000);
    expect(scene.ask('203.0.113.7')).toBe(3000);
  });

  it('does not keep others out of the addresses of the attackers', () => {
    const scene = new Scene();
    scene.attack(50);
    expect(scene.ask('203.0.113.7', 'OFFICE/bob')).toBe(0);
  });

  it('is never locked out by an attack that goes on for a day', () => {
    const scene = new Scene();
    for (let minute = 0; minute < 24 * 60; minute++) {
      scene.attack(60);
      expect(scene.ask(`198.51.100.${minute % 250}`)).not.toBe('refuse');
      scene.clock.advance(60_000);
    }
  });
});

describe('an address', () => {
  it('is refused for all users once it has failed for many', () => {
    const scene = new Scene();
    for (let i = 0; i < 50; i++) scene.fail(1, '203.0.113.1', `OFFICE/user${i}`);
    expect(scene.ask('203.0.113.1', 'OFFICE/bob')).toBe('refuse');
    expect(scene.ask('203.0.113.2', 'OFFICE/bob')).toBe(0);
    expect(scene.guard.bans()).toMatchObject([{ kind: 'address', address: '203.0.113.1', user: '' }]);
  });

  it('that tries one user after the other is slowed down before', () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i++) scene.fail(1, '203.0.113.1', `OFFICE/user${i}`);
    expect(scene.ask('203.0.113.1', 'OFFICE/bob')).toBe(2000);
  });

  it('of IPv6 stands for its /64', () => {
    const scene = new Scene();
    scene.fail(10, '2001:db8::1');
    expect(scene.ask('2001:db8::ffff:1')).toBe('refuse');
    expect(scene.guard.lift('2001:db8::77')).toBe(true);
    expect(scene.ask('2001:db8::1')).not.toBe('refuse');
  });

  it('of this machine is slowed down, never refused', () => {
    const scene = new Scene();
    scene.fail(100, '127.0.0.1');
    expect(scene.ask('127.0.0.1')).toBe(8000);
    expect(scene.ask('127.0.0.1', 'OFFICE/bob')).toBe(8000);
  });
});

describe('the counts', () => {
  it('are forgiven, one failure a minute', () => {
    const scene = new Scene();
    scene.fail(9, '203.0.113.1');
    scene.clock.advance(60_000);
    scene.fail(1, '203.0.113.1');
    expect(scene.ask('203.0.113.1')).not.toBe('refuse');
    scene.fail(1, '203.0.113.1');
    expect(scene.ask('203.0.113.1')).toBe('refuse');
  });

  it('do not tell upper from lower case, nor mind what is in a name', () => {
    const scene = new Scene();
    scene.fail(5, '203.0.113.1', 'office/ALICE');
    scene.fail(5, '203.0.113.1', 'OFFICE/alice');
    expect(scene.ask('203.0.113.1', 'Office/Alice')).toBe('refuse');
    scene.fail(10, '203.0.113.1', 'OFFICE/a\nb');
    expect(scene.guard.bans().map((ban) => ban.user)).toEqual(['office/alice', 'office/a b']);
    expect(scene.guard.lift('a\nb')).toBe(true);
  });

  it('stay within their table, and keep bans rather than failures', () => {
    const clock = new VirtualClock();
    const guard = new LoginGuard(clock, { ...defaultSoftEtherLimits, maxFailureEntries: 20 });
    for (let i = 0; i < 10; i++) guard.failed('203.0.113.1', ALICE);
    for (let i = 0; i < 5000; i++) guard.failed(`198.51.${i >> 8}.${i & 255}`, `OFFICE/user${i}`);
    expect(guard.ask('203.0.113.1', ALICE).kind).toBe('refuse');
    expect(guard.bans()).toHaveLength(1);
  });

  it('a ban doubles each time, up to an hour', () => {
    const scene = new Scene();
    const lengths: number[] = [];
    for (let i = 0; i < 6; i++) {
      scene.fail(10, '203.0.113.1');
      const ban = scene.guard.bans().find(({ kind }) => kind === 'userAtAddress')!;
      lengths.push((ban.untilMs - ban.sinceMs) / 60_000);
      scene.clock.advance(ban.untilMs - ban.sinceMs);
    }
    expect(lengths).toEqual([5, 10, 20, 40, 60, 60]);
  });
});
