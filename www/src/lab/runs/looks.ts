/** The shape that an overlay carries beside its colour `--run-<n>`, as a path around 0, 0: colours alone do not tell lines apart for everyone. */
export const SHAPES = [
  "M-4-4h8v8h-8z",
  "M0-5 5 4H-5z",
  "M0-5.5 5.5 0 0 5.5-5.5 0z",
  "M-4.4 0a4.4 4.4 0 1 0 8.8 0a4.4 4.4 0 1 0-8.8 0z",
  "M0 5 5-4H-5z",
  "M-4-4.5h8L-4 4.5h8z",
] as const;

export const lookColour = (look: number): string => `--run-${look + 1}`;
