import type { TurnBudget } from '../turn-budget.ts';
import { DoneQueue } from './done-queue.ts';
import { loadNative, type Native } from './native.ts';
import { Readiness } from './readiness.ts';
import { RecordArea } from './record-area.ts';
import { TlsParts } from './tls-session.ts';

/** What all connections of a loop share. */
export class TlsEngine {
  readonly native: Native;
  readonly area: RecordArea;
  readonly tls: TlsParts;
  readonly readiness: Readiness;
  readonly dones = new DoneQueue();
  readonly budget: TurnBudget;
  /** Somebody is looking at bytes in the area: nothing may be received until he returns. */
  isDelivering = false;

  /** @throws Error where memory is missing. */
  constructor(native: Native, budget: TurnBudget) {
    this.native = native;
    this.budget = budget;
    this.area = new RecordArea(native);
    this.tls = new TlsParts(native, this.area);
    this.readiness = new Readiness(native.kernel, this.dones);
  }
}

/** undefined where this machine or this runtime does not have what it takes. */
export async function loadTlsEngine(budget: TurnBudget): Promise<TlsEngine | undefined> {
  const native = await loadNative();
  try {
    return native && new TlsEngine(native, budget);
  } catch {
    return undefined;
  }
}
