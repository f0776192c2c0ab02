/** What `hide=` in the address leaves out, so that a class sees only what it needs: parts of the page, single views, knobs by group or one by one. */
import { PANEL_IDS, type PanelId } from "./closer/ids";
import { KNOBS } from "./knobs";

export const PART_IDS = ["lessons", "verdict", "curves", "runs", "tabs", "networks", "trust", "presets", "panel", "share"] as const;
type PartId = (typeof PART_IDS)[number];

/** Groups of knobs, as the panel has them: what acts at once comes first. */
export const GROUP_IDS = ["text", "encoder", "distill", "task", "student", "teacher", "train"] as const;

/** The group of a knob: its section; those without one are of the training. */
export const groupOf = (key: string): string => (key.includes(".") ? key.split(".")[0]! : "train");

/** Every name that can be hidden, in the order in which an address has them. */
export const HIDEABLE: readonly string[] = [...PART_IDS, ...PANEL_IDS, ...GROUP_IDS, ...KNOBS.map(({ key }) => key)];

/** The knob that a view is about: hidden with it. */
const ABOUT: Partial<Record<PanelId, string>> = { capacity: "teacher.widths" };

/** What the page of a class shows: all but those of `HIDEABLE` that its address hides. */
export class Shows {
  constructor(private readonly hidden: readonly string[]) {}

  part(id: PartId): boolean {
    return !this.hidden.includes(id);
  }

  /** Without their tabs no view is seen. */
  view(id: PanelId): boolean {
    const knob = ABOUT[id];
    return this.part("tabs") && !this.hidden.includes(id) && (knob === undefined || this.knob(knob));
  }

  /** The control of a knob; lessons and presets set it all the same. */
  knob(key: string): boolean {
    return !this.hidden.includes(key) && !this.hidden.includes(groupOf(key));
  }
}
