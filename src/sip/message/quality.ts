/** RFC 3261 §25.1 `qvalue`, in thousandths; what is none counts as 1. */
export function qualityOf(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Math.round(Number(text) * 1000) : 1000;
}
