import type { Random, ServiceRecord } from '#io';

/** RFC 2782: lowest priority first; among equals at random by weight, those of weight 0 rarely first. */
export function orderServices(records: readonly ServiceRecord[], random: Random): readonly ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    byWeight(
      records.filter((one) => one.priority === priority),
      random,
    ),
  );
}

function byWeight(records: readonly ServiceRecord[], random: Random): ServiceRecord[] {
  const left = [...records].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const ordered: ServiceRecord[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0);
    const drawn = random.below(sum + 1);
    let running = 0;
    const index = left.findIndex(({ weight }) => (running += weight) >= drawn);
    ordered.push(...left.splice(Math.max(index, 0), 1));
  }
  return ordered;
}
