/** Edit distance in which two swapped neighbours, the commonest slip, count once (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const replaced = previous[column - 1]! + (isSame ? 0 : 1);
      let least = Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) least = Math.min(least, older[column - 2]! + 1);
      current.push(least);
    }
    older = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** Longer words are not compared: they are no slip of the keyboard. */
const nameMaxChars = 64;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '');

/** The one of `names` that was probably meant by `word`, or undefined when none is near. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  if (word.length > nameMaxChars) return undefined;
  const byDistance = names
    .map((name) => ({ name, distance: editDistance(plain(word), plain(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = byDistance[0];
  const allowed = Math.max(1, Math.floor(plain(word).length / 3));
  return nearest !== undefined && nearest.distance <= allowed ? nearest.name : undefined;
}
