/**
 * From a drawing to what the networks get, by the way the data sets were made. A network is only as good as its input is like what it
 * was trained on: a digit drawn small and thin in a corner would be no digit to it.
 *
 * - UCI digits: NIST's programs scale the box of a digit to 20×32 pixels of a 32×32 bitmap whatever its proportions, and thicken or thin
 *   the strokes until much the same share is ink (mean 0.30, deviation 0.03 in our rows); then the pixels of 4×4 blocks are counted.
 * - Fashion-MNIST: the longer side is scaled to 28 pixels, proportions kept, centred; garments are filled shapes. Ours is averaged to 14×14.
 */

/** A place in the drawing, both 0 to 1 from the top left. */
export type Place = readonly [x: number, y: number];

export interface Stroke {
  places: readonly Place[];
  /** Takes ink away instead. */
  rubs: boolean;
}

interface Frame {
  /** Pixels of a block per side: each value of the input is the mean of one block. */
  block: number;
  /** The box that the drawing is scaled to, as shares of the side. */
  box: Place;
  /** How much more one direction may be stretched than the other: 1 keeps the proportions. */
  stretch: number;
  /** Share of the picture that is ink, which sets the thickness of the strokes; null where it is free. */
  ink: number | null;
  /** Thickness of a stroke on the drawing, as a share of its side. */
  pen: number;
  /** What is drawn is an outline, to be filled. */
  outline: boolean;
  /** Value of full ink. */
  full: number;
  /** Levels above 0. */
  levels: number;
}

const DIGIT: Frame = { block: 4, box: [20 / 32, 1], stretch: 2, ink: 0.3, pen: 0.09, outline: false, full: 1, levels: 16 };
/** Seven tenths is the usual grey inside a garment of the data. */
const GARMENT: Frame = { block: 4, box: [1, 1], stretch: 1, ink: null, pen: 0.035, outline: true, full: 0.7, levels: 15 };

export const frameOf = (task: string | undefined): Frame => (task === "digits" ? DIGIT : GARMENT);

export const ERASER = 0.16;
/** Strokes that are drawn are never thinner or thicker than this, whatever share is ink. */
const THINNEST = 0.05;
const THICKEST = 0.36;

/** Marks the pixels within `pen / 2` of the strokes. `mask` is `pixels`², places are shares of its side. */
function mark(mask: Uint8Array, pixels: number, strokes: readonly (readonly Place[])[], pen: number): void {
  const reach = (pen * pixels) / 2;
  for (const places of strokes) {
    for (let at = 0; at < places.length; at += 1) {
      const [ax, ay] = places[Math.max(0, at - 1)]!.map((share) => share * pixels) as [number, number];
      const [bx, by] = places[at]!.map((share) => share * pixels) as [number, number];
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const clamp = (value: number): number => Math.min(Math.max(value, 0), pixels);
      for (let y = Math.floor(clamp(Math.min(ay, by) - reach)); y < clamp(Math.max(ay, by) + reach); y += 1) {
        for (let x = Math.floor(clamp(Math.min(ax, bx) - reach)); x < clamp(Math.max(ax, bx) + reach); x += 1) {
          const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
          const along = length === 0 ? 0 : Math.min(Math.max((px * dx + py * dy) / length, 0), 1);
          if ((px - along * dx) ** 2 + (py - along * dy) ** 2 <= reach * reach) mask[y * pixels + x] = 1;
        }
      }
    }
  }
}

/** Marks what no way from the border reaches: the inside of closed outlines. */
function fillInside(mask: Uint8Array, pixels: number): void {
  const outside = new Uint8Array(mask.length);
  const border = Array.from({ length: pixels }, (_, i) => [i, (pixels - 1) * pixels + i, i * pixels, i * pixels + pixels - 1]).flat();
  while (border.length > 0) {
    const cell = border.pop()!;
    if (mask[cell] === 1 || outside[cell] === 1) continue;
    outside[cell] = 1;
    const x = cell % pixels;
    if (x > 0) border.push(cell - 1);
    if (x < pixels - 1) border.push(cell + 1);
    if (cell >= pixels) border.push(cell - pixels);
    if (cell < mask.length - pixels) border.push(cell + pixels);
  }
  for (let cell = 0; cell < mask.length; cell += 1) if (outside[cell] === 0) mask[cell] = 1;
}

/** The strokes scaled and centred in the box of the frame, which holds them with their thickness. */
function fit(strokes: readonly (readonly Place[])[], frame: Frame, pen: number): Place[][] {
  const all = strokes.flat();
  const range = (axis: 0 | 1): [number, number] => [Math.min(...all.map((place) => place[axis])), Math.max(...all.map((place) => place[axis]))];
  const [[left, right], [top, bottom]] = [range(0), range(1)];
  // A dot or a straight line has no extent of its own: the pen gives it one.
  const [wide, high] = [Math.max(right - left, frame.pen / 4), Math.max(bottom - top, frame.pen / 4)];
  let [sx, sy] = [Math.max(frame.box[0] - pen, 0) / wide, Math.max(frame.box[1] - pen, 0) / high];
  [sx, sy] = [Math.min(sx, sy * frame.stretch), Math.min(sy, sx * frame.stretch)];
  return strokes.map((places) => places.map(([x, y]) => [0.5 + (x - (left + right) / 2) * sx, 0.5 + (y - (top + bottom) / 2) * sy] as const));
}

function share(mask: Uint8Array): number {
  let sum = 0;
  for (const pixel of mask) sum += pixel;
  return sum / mask.length;
}

/** The strokes as the data set would have them: a mask of `pixels`². */
function normalised(strokes: readonly (readonly Place[])[], frame: Frame, pixels: number, fill: boolean): Uint8Array {
  const draw = (pen: number): Uint8Array => {
    const mask = new Uint8Array(pixels * pixels);
    mark(mask, pixels, fit(strokes, frame, pen), pen);
    if (frame.outline && fill) fillInside(mask, pixels);
    return mask;
  };
  if (frame.ink === null) return draw(frame.pen);
  let [thin, thick] = [THINNEST, THICKEST];
  for (let round = 0; round < 6; round += 1) {
    const middle = (thin + thick) / 2;
    if (share(draw(middle)) < frame.ink) thin = middle;
    else thick = middle;
  }
  return draw((thin + thick) / 2);
}

/** The mean of each block, `side`² of them, in the levels of the data. */
function average(mask: Uint8Array, side: number, { block, full, levels }: Frame): number[] {
  const pixels = side * block;
  return Array.from({ length: side * side }, (_, cell) => {
    const [row, column] = [Math.floor(cell / side), cell % side];
    let sum = 0;
    for (let y = 0; y < block; y += 1) for (let x = 0; x < block; x += 1) sum += mask[(row * block + y) * pixels + column * block + x]!;
    return Math.round(((full * sum) / (block * block)) * levels) / levels;
  });
}

/**
 * The input, `[side, side]` row by row, 0 to 1. Strokes on an empty page are scaled as the data set does it; with a picture under them
 * they stay where they are, for the picture lies in the frame already.
 */
export function render(base: readonly number[] | null, strokes: readonly Stroke[], side: number, task: string | undefined, fill: boolean): number[] {
  const frame = frameOf(task);
  const pixels = side * frame.block;
  if (base === null) {
    const drawn = strokes.filter(({ rubs }) => !rubs).map(({ places }) => places);
    return drawn.length === 0 ? Array.from({ length: side * side }, () => 0) : average(normalised(drawn, frame, pixels, fill), side, frame);
  }
  let values = [...base];
  for (const { places, rubs } of strokes) {
    const mask = new Uint8Array(pixels * pixels);
    mark(mask, pixels, [places], rubs ? ERASER : frame.pen);
    const ink = average(mask, side, rubs ? { ...frame, full: 1 } : frame);
    values = values.map((value, cell) => (rubs ? Math.round(value * (1 - ink[cell]!) * frame.levels) / frame.levels : Math.max(value, ink[cell]!)));
  }
  return values;
}
