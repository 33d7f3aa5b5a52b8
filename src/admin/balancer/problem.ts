/** What is wrong with a description. After an error nothing is generated. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** What, which one, and what to do. */
  readonly text: string;
}

export const error = (text: string): Problem => ({ severity: 'error', text });
export const warning = (text: string): Problem => ({ severity: 'warning', text });
