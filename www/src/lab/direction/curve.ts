/** Paths of densities on the panel's small charts. Pure. */

/** Size of a chart in its own units. */
export const WIDTH = 280;
export const HEIGHT = 110;

/** Room above the highest curve. */
const HEAD = 1.08;

/** An SVG path through `mass` (probability per cell), highest at `top`; closed along the ground when it is to be filled. */
export function path(mass: readonly number[], top: number, closed: boolean, width = WIDTH): string {
  const x = (cell: number): string => ((cell / Math.max(1, mass.length - 1)) * width).toFixed(1);
  const y = (p: number): string => (HEIGHT * (1 - p / (top * HEAD))).toFixed(1);
  const line = mass.map((p, cell) => `${cell === 0 ? "M" : "L"}${x(cell)} ${y(p)}`).join("");
  return closed ? `${line}L${width} ${HEIGHT}L0 ${HEIGHT}Z` : line;
}

/** The probability of `count` equal stretches of the axis: their middles, and what of `mass` lies in each. */
export function stretches(grid: readonly number[], mass: readonly number[], count: number): { middle: number; share: number }[] {
  const cells = Math.ceil(grid.length / count);
  return Array.from({ length: Math.ceil(grid.length / cells) }, (_, index) => {
    const [from, to] = [index * cells, Math.min(grid.length, (index + 1) * cells)];
    return { middle: (grid[from]! + grid[to - 1]!) / 2, share: mass.slice(from, to).reduce((sum, p) => sum + p, 0) };
  });
}

/** The highest value that all charts share; a student that is a needle is cut off rather than flattening the others. */
export function ceiling(target: readonly number[], masses: readonly (readonly number[])[]): number {
  const most = Math.max(...target);
  return Math.min(2 * most, Math.max(most, ...masses.map((mass) => Math.max(...mass))));
}

export type Verdict = "covers" | "left" | "right" | "between";

/** What a student did with the two modes: shares of its mass left of the void, in it, right of it. */
export function verdict([left, , right]: readonly number[], target: readonly number[]): Verdict {
  const has = (share: number, whole: number): boolean => share > Math.min(0.1, whole / 3);
  const [l, r] = [has(left ?? 0, target[0] ?? 0), has(right ?? 0, target[2] ?? 0)];
  if (l && r) return "covers";
  if (l) return "left";
  return r ? "right" : "between";
}
