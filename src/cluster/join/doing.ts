import type { StepProgress } from './cluster-steps.ts';

/** Says that a step begins, and how it went. */
export async function doing<T>(progress: StepProgress, step: string, text: string, run: () => Promise<T>): Promise<T> {
  progress({ step, text, state: 'started' });
  try {
    const result = await run();
    progress({ step, text, state: 'done' });
    return result;
  } catch (error) {
    progress({ step, text, state: 'failed' });
    throw error;
  }
}
