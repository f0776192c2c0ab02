/** Parts of the page that `hide=` in the address leaves out, so that a class sees only what it needs. */
export const PART_IDS = ["lessons", "verdict", "curves", "runs", "tabs", "networks", "trust", "presets", "panel", "share"] as const;

export type PartId = (typeof PART_IDS)[number];

export function isPartId(text: string): text is PartId {
  return (PART_IDS as readonly string[]).includes(text);
}
