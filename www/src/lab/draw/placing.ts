/** Placing training points on the plane: what lies there, what waits for the next run, and how many may be. */
import { findKnob } from "../knobs";
import type { Lab } from "../lab.svelte";
import { pending, pointAt, readPoints, writePoints, type AddedPoint } from "./added";

const KEY = "task.added";

export class Placing {
  readonly most: number;

  constructor(
    private readonly lab: Lab,
    private readonly classes: () => number,
  ) {
    const kind = findKnob(KEY)?.kind;
    this.most = kind?.type === "points" ? kind.max_len : 0;
  }

  /** The points that the controls ask for. */
  get points(): AddedPoint[] {
    return readPoints(this.lab.config.values[KEY] ?? "none") ?? [];
  }

  /** Those that the open run does not know. */
  get pending(): AddedPoint[] {
    return pending(this.points, readPoints(this.lab.screen.summary?.values[KEY] ?? "none") ?? []);
  }

  /** The open run has learned from others than these. */
  get waits(): boolean {
    return this.lab.pending.some(({ key }) => key === KEY);
  }

  get full(): boolean {
    return this.points.length >= this.most;
  }

  /** The class that a click places. */
  get brush(): number | null {
    const { brush } = this.lab.drawing;
    return brush !== null && brush < this.classes() && !this.full ? brush : null;
  }

  /** Places a point of the brush at the cross; says whether there was one. */
  place(): boolean {
    const { brush } = this;
    if (brush === null) return false;
    this.keep([...this.points, pointAt(this.lab.drawing.point, brush)]);
    return true;
  }

  removeLast(): void {
    if (this.points.length > 0) this.keep(this.points.slice(0, -1));
  }

  clear(): void {
    this.keep([]);
  }

  private keep(next: readonly AddedPoint[]): void {
    // Each point is a change of its own to step back from.
    this.lab.choose(KEY, writePoints(next));
  }
}
