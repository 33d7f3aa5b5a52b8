import type { Clock, Terminal } from '#io';

const drawEveryMs = 150;
const barMaxChars = 40;

/** One line on standard error that is drawn over, for a person; nothing where there is none. */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #drawnAtMs = -Infinity;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
  }

  /** `share`: 0 to 1. */
  show(share: number, text: string): void {
    const nowMs = this.#clock.nowMs();
    if (!this.#terminal.isInteractive || nowMs - this.#drawnAtMs < drawEveryMs) return;
    this.#drawnAtMs = nowMs;
    const tail = ` ${Math.floor(share * 100)} %  ${this.#remaining(share, nowMs)}${text}`;
    const chars = Math.max(5, Math.min(barMaxChars, this.#terminal.columns - tail.length - 4));
    const full = Math.round(share * chars);
    this.#terminal.writeError(`\r\x1b[K[${'#'.repeat(full)}${'.'.repeat(chars - full)}]${tail}`);
  }

  clear(): void {
    if (this.#terminal.isInteractive) this.#terminal.writeError('\r\x1b[K');
  }

  #remaining(share: number, nowMs: number): string {
    if (share < 0.02) return '';
    const seconds = Math.ceil(((nowMs - this.#startedAtMs) * (1 - share)) / share / 1_000);
    return `${seconds} s left  `;
  }
}
