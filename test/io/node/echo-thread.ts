import type { ThreadPort } from '#io';

/** A thread for tests: answers on the channel that comes with a message; `loop` = never comes back, `fail` = throws. */
export function run(port: ThreadPort, input: unknown): void {
  port.receive((message, [end]) => {
    if (message === 'loop') for (;;);
    if (message === 'fail') throw new Error('as was asked');
    if (message === 'close') {
      port.close();
      return;
    }
    if (end === undefined) port.post({ input, message });
    else end.receive((word) => end.post({ echoed: word }));
  });
}
