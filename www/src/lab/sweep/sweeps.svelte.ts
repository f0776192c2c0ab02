/** The two sweeps of the page and what their forms say, kept while other panels are open. */
import type { WorkerLike } from "../../engine/client";
import { AXES, CAPACITY, readValues, writeValues, type Axis } from "./axes";
import { Sweep } from "./sweep.svelte";

/** Seeds per cell that one may ask for. */
export const SEEDS = [1, 3, 5] as const;

export class Sweeps {
  readonly map: Sweep;
  readonly capacity: Sweep;
  /** Knobs along the columns and along the rows of the map. */
  across = $state(AXES[0]!.key);
  down = $state(AXES[1]!.key);
  mapSeeds = $state(1);
  capacitySeeds = $state(3);
  /** What is written into the boxes, by knob. */
  texts = $state<Record<string, string>>(Object.fromEntries([...AXES, CAPACITY].map((axis) => [axis.key, writeValues(axis)])));

  constructor(spawn: () => WorkerLike) {
    this.map = new Sweep(spawn);
    this.capacity = new Sweep(spawn);
  }

  /** The values that a box holds; null where they are none. */
  axis(key: string): Axis | null {
    return readValues(key, this.texts[key] ?? "");
  }

  /** A knob stands along one side only: the other side takes the knob that was here. */
  choose(side: "across" | "down", key: string): void {
    const other = side === "across" ? "down" : "across";
    if (this[other] === key) this[other] = this[side];
    this[side] = key;
  }
}
