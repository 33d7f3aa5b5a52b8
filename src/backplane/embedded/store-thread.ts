import type { ThreadPort } from '#io';
import type { Engine } from './engine.ts';
import { inlineEngine } from './inline-engine.ts';
import { StoreError } from './store-error.ts';
import { openingId, type Answer, type FromThread, type Question, type ToThread } from './thread-messages.ts';

/** The body of the store's own thread. `input` = the path of the store. It ends after `close`. */
export function run(port: ThreadPort, input: unknown): void {
  const send = (id: number, answer: Answer): void => port.post({ id, answer } satisfies FromThread);
  let engine: Engine;
  try {
    engine = inlineEngine(String(input));
  } catch (error) {
    send(openingId, failure(error));
    return;
  }
  port.receive((message) => {
    const { id, question } = message as ToThread;
    void answer(engine, question).then((answered) => {
      send(id, answered);
      if (question.kind === 'close') port.close();
    });
  });
  send(openingId, { kind: 'opened', boot: engine.boot });
}

async function answer(engine: Engine, question: Question): Promise<Answer> {
  try {
    switch (question.kind) {
      case 'run':
        return { kind: 'replies', replies: await engine.run(question.requests) };
      case 'backup':
        await engine.backup(question.path);
        return { kind: 'done' };
      case 'close':
        await engine.close();
        return { kind: 'done' };
    }
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'error', code: error instanceof StoreError ? error.code : 'STORE_FAILED', message };
}
