/** The panels below the curves, in the order of their tabs. Pure, so that the address can be read without any view. */
export const PANEL_IDS = ["sample", "knowledge", "inside", "step", "writing", "loss", "answers", "length", "calibration", "access", "direction", "draw", "sweep", "capacity"] as const;

export type PanelId = (typeof PANEL_IDS)[number];

/** What looks at texts; encoders fill in, and have no answers of their own. Classes have their loss beside the example. */
const TEXT: readonly PanelId[] = ["writing", "loss", "answers", "length"];
/** What trains decoders too. */
const WRITERS: readonly PanelId[] = ["access", "sweep"];
const ENCODER: readonly PanelId[] = ["writing", "loss"];
/** What looks at whatever is foretold, or needs no run. */
const ANY: readonly PanelId[] = ["calibration", "direction"];

/** What shows encoders that name labels: they write nothing. */
const LABELLED: readonly PanelId[] = ["loss"];

/** The panels that have something to show in a run of decoders or encoders over text, or over classes. */
export function offered(text: boolean, encoder = false, labelled = false): PanelId[] {
  const own = labelled ? LABELLED : ENCODER;
  if (encoder) return PANEL_IDS.filter((id) => ANY.includes(id) || own.includes(id));
  return PANEL_IDS.filter((id) => ANY.includes(id) || WRITERS.includes(id) || TEXT.includes(id) === text);
}

export function isPanelId(text: string | null): text is PanelId {
  return (PANEL_IDS as readonly (string | null)[]).includes(text);
}
