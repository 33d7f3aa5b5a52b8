/** A body that is no session description, or one that is not looked into. */
export interface BadSdp {
  readonly kind: 'bad';
  readonly reason: string;
  /** Into the text. */
  readonly offset: number;
}

export function badSdp(reason: string, offset: number): BadSdp {
  return { kind: 'bad', reason, offset };
}
