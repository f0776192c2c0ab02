/** The two sweeps of the page and what their forms say, kept while other panels are open. */
import type { WorkerLike } from "../../engine/client";
import type { Values } from "../knobs";
import { Shows } from "../parts";
import { BOXES, CAPACITY, axesOf, boxOf, isList, readValues, writeValues, type Axis } from "./axes";
import type { Shown } from "./shown";
import { Sweep } from "./sweep.svelte";

/** Seeds per cell that one may ask for. */
export const SEEDS = [1, 3, 5] as const;

export class Sweeps {
  readonly map: Sweep;
  readonly capacity: Sweep;
  /** What was chosen for the columns and for the rows of the map; no rows for "", null where nothing was chosen. */
  private across = $state<string | null>(null);
  private down = $state<string | null>(null);
  /** Whether runs over text are short ones. */
  short = $state(true);
  /** What the cells show. */
  shown = $state<Shown>("gain");
  mapSeeds = $state(1);
  capacitySeeds = $state(3);
  /** What is written into the boxes (`boxOf`). */
  texts = $state<Record<string, string>>({ ...BOXES, [CAPACITY.key]: writeValues(CAPACITY) });

  /** `shows` says which knobs there are, `replaced` is told how to bring back results whose place a new sweep takes. */
  constructor(spawn: () => WorkerLike, private readonly shows = new Shows([]), replaced?: (bringBack: () => void) => void) {
    this.map = new Sweep(spawn, replaced);
    this.capacity = new Sweep(spawn, replaced);
  }

  /** What can be swept in an experiment: a knob that a class does not see stands along no side. */
  axes(values: Values): readonly Axis[] {
    return axesOf(values, (key) => this.shows.knob(key));
  }

  /** What stands along the sides for an experiment: what was chosen, as far as the experiment has it. */
  sides(values: Values): { across: string; down: string } {
    const keys = this.axes(values).map(({ key }) => key);
    const across = this.across !== null && keys.includes(this.across) ? this.across : (keys[0] ?? "");
    const others = keys.filter((key) => key !== across);
    const wanted = this.down !== null && (this.down === "" || others.includes(this.down)) ? this.down : null;
    // A list is compared measure by measure, which takes the place of the rows.
    return { across, down: wanted ?? (isList(across) ? "" : (others[0] ?? "")) };
  }

  /** The places along a side; null where the box holds none. */
  axis(key: string, values: Values): Axis | null {
    if (isList(key)) return this.axes(values).find((axis) => axis.key === key) ?? null;
    return readValues(key, this.texts[boxOf(key, values)] ?? "");
  }

  /** A knob stands along one side only: the other side takes the knob that was here. */
  choose(side: "across" | "down", key: string, values: Values): void {
    const now = this.sides(values);
    const other = side === "across" ? "down" : "across";
    if (now[other] === key) now[other] = now[side];
    now[side] = key;
    this.across = now.across;
    this.down = now.down;
  }
}
