/** The panels below the curves, in the order of their tabs. Pure, so that the address can be read without any view. */
export const PANEL_IDS = ["sample", "knowledge", "step", "calibration", "access", "direction", "draw", "sweep", "capacity"] as const;

export type PanelId = (typeof PANEL_IDS)[number];

export function isPanelId(text: string | null): text is PanelId {
  return (PANEL_IDS as readonly (string | null)[]).includes(text);
}
