import { describe, expect, test } from 'vitest';
import { Lifecycle, type Component } from '#base';

function recorder(): { log: string[]; part: (name: string, o?: { failStart?: true; failStop?: true }) => Component } {
  const log: string[] = [];
  return {
    log,
    part: (name, options = {}) => ({
      name,
      start: async () => {
        log.push(`start ${name}`);
        await Promise.resolve();
        if (options.failStart) throw new Error(`${name} does not start`);
      },
      stop: async () => {
        log.push(`stop ${name}`);
        await Promise.resolve();
        if (options.failStop) throw new Error(`${name} does not stop`);
      },
    }),
  };
}

describe('a lifecycle', () => {
  test('starts in order and stops in reverse', async () => {
    const { log, part } = recorder();
    const lifecycle = new Lifecycle();
    await lifecycle.start(part('store'));
    await lifecycle.start(part('server'));
    expect(await lifecycle.stop()).toEqual([]);
    expect(log).toEqual(['start store', 'start server', 'stop server', 'stop store']);
  });

  test('stops what was started, the half-started part too, when one does not start', async () => {
    const { log, part } = recorder();
    const lifecycle = new Lifecycle();
    await lifecycle.start(part('store'));
    await expect(lifecycle.start(part('server', { failStart: true }))).rejects.toThrow('server does not start');
    expect(log).toEqual(['start store', 'start server', 'stop server', 'stop store']);
  });

  test('stops the others when one does not stop, and names it', async () => {
    const { log, part } = recorder();
    const lifecycle = new Lifecycle();
    await lifecycle.start(part('store'));
    await lifecycle.start(part('server', { failStop: true }));
    const failures = await lifecycle.stop();
    expect(failures.map(({ name }) => name)).toEqual(['server']);
    expect(log.at(-1)).toBe('stop store');
  });

  test('stops once, however often it is asked to, and starts nothing afterwards', async () => {
    const { log, part } = recorder();
    const lifecycle = new Lifecycle();
    await lifecycle.start(part('store'));
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(log).toEqual(['start store', 'stop store']);
    await expect(lifecycle.start(part('late'))).rejects.toThrow(/stopping already/);
  });
});
