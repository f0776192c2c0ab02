// What is read from class-similarity matrices, `[classes, classes]` row by row: the row is the true class, the column a class that gets a
// share of the soft label.

import type { Study } from "../../engine/generated/types";

export interface Cell {
  label: number;
  said: number;
}

export const share = (matrix: readonly number[], classes: number, { label, said }: Cell): number => matrix[label * classes + said] ?? 0;

/** A network's matrix as the students have to take it, where they do not see all of its answers. */
export function through(network: Study): Study {
  return network.seen === null ? network : { ...network, similarity: network.seen.similarity };
}

/** Told in less than this share of the rows, what the students have of a class is mostly a guess. */
const MOSTLY_TOLD = 0.5;

export function hiddenCell({ seen }: Study, classes: number, cell: Cell): boolean {
  return seen !== null && share(seen.told, classes, cell) < MOSTLY_TOLD;
}

/** How strongly a cell is drawn, 0 to 1. Without the diagonal the right classes are only outlined. */
export function strength(value: number, index: number, classes: number, scale: number, diagonal: boolean): number {
  const right = index % (classes + 1) === 0;
  return (right && !diagonal) || scale === 0 ? 0 : Math.min(1, value / scale);
}

/** Three strokes through each cell of that side that is mostly hidden, in one path; `told` is null where none is. */
export function hatching(told: readonly number[] | null, classes: number, cell: number): string {
  const strokes = (told ?? []).map((value, index) => {
    const [x, y] = [(index % classes) * cell, Math.floor(index / classes) * cell];
    return value >= MOSTLY_TOLD ? "" : `M${x} ${y + cell / 2}l${cell / 2} ${-cell / 2}M${x} ${y + cell}l${cell} ${-cell}M${x + cell / 2} ${y + cell}l${cell / 2} ${-cell / 2}`;
  });
  return strokes.join("");
}

/** The wrong class that gets the largest share. Null where there is no wrong class. */
export function loudest(matrix: readonly number[], classes: number): Cell | null {
  let found: Cell | null = null;
  for (let label = 0; label < classes; label += 1) {
    for (let said = 0; said < classes; said += 1) {
      if (said !== label && (found === null || share(matrix, classes, { label, said }) > share(matrix, classes, found))) found = { label, said };
    }
  }
  return found;
}

/** The share that is drawn in full colour: the largest of any wrong class in any of the matrices, so that all are on one scale. */
export function wrongScale(networks: readonly Study[], classes: number): number {
  return Math.max(
    ...networks.map(({ similarity }) => {
      const cell = loudest(similarity, classes);
      return cell === null ? 0 : share(similarity, classes, cell);
    }),
  );
}

/**
 * How alike a map without any pattern would be to this one, by the engine's measure (`likeness` in src/eval/study.rs): the mean over the
 * classes of the cosine between the shares of the wrong classes. Shares are never negative, so that even no pattern is far from 0.
 */
export function likenessOfNothing(matrix: readonly number[], classes: number): number {
  let total = 0;
  for (let label = 0; label < classes; label += 1) {
    let [sum, squares] = [0, 0];
    for (let said = 0; said < classes; said += 1) {
      if (said === label) continue;
      const value = share(matrix, classes, { label, said });
      sum += value;
      squares += value ** 2;
    }
    if (squares > 0) total += sum / Math.sqrt(squares * (classes - 1));
  }
  return total / Math.max(1, classes);
}
