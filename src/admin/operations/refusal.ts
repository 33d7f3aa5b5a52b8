import { errorText } from '#softether';

/** An expected "no": the SoftEther error number, and a sentence for people. */
export class Refusal {
  readonly error: number;
  readonly message: string;

  constructor(error: number, message: string) {
    this.error = error;
    this.message = message;
  }
}

/** `detail` names the thing and the value; without it the number's own text is used. */
export function refuse(error: number, detail?: string): Refusal {
  return new Refusal(error, detail ?? errorText(error));
}
