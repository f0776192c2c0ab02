/** A network as rows of units, from the first layer to the classes: what each unit is drawn as, and the weights between rows. */
import { softmax } from "../softmax";
import { forward, type Dense } from "./network";
import type { Inside } from "./weights.svelte";

/** More units of a layer than this are not drawn: none of them says more than the others. */
const SHOWN = 256;
/** So many links between two rows are drawn, the strongest. */
const LINKS = 150;
/** And so many of a single unit to each side. */
const OWN_LINKS = 24;
/** In full colour is what is so many times the root mean square: single large values must not make all others pale. */
const FULL = 2.5;

/** Pictures of the units of a row, all of one size. */
export interface Strip {
  height: number;
  width: number;
  /** `[units, height, width]`. */
  values: Float32Array;
  /** The size that is drawn in full colour. */
  scale: number;
}

export interface Link {
  from: number;
  to: number;
  weight: number;
}

export interface Row {
  /**
   * `weights`: of each unit the weights that it gives to the pixels; `filters`: of each filter the weights, and what it makes of the example; `maps`: only that;
   * `responses`: what each unit answers over the plane; `answers`: only what it answers to the example; `classes`: how likely each is.
   */
  kind: "weights" | "filters" | "maps" | "responses" | "answers" | "classes";
  /** Units of the layer, of which the first `shown` are drawn. */
  units: number;
  shown: number;
  /** One below the other. */
  strips: Strip[];
  /** What each unit answers to the example: after its ReLU, of filters the mean of their map, of classes the probability at T = 1. Empty while there is no example. */
  answers: ArrayLike<number>;
  /** The weights from the units of the row above. */
  dense: Dense | null;
  /** The strongest of them, strongest first. */
  links: Link[];
}

/** What a layer looks like and its strongest links do not change with the example: they are found once. */
const pictures = new WeakMap<object, Strip>();
const found = new WeakMap<object, Link[]>();

function once<T>(known: WeakMap<object, T>, key: object, make: () => T): T {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** `shape` is `[channels, height, width]`, or `[2]`. */
export function rowsOf({ network, response }: Inside, input: readonly number[] | null, shape: readonly number[]): Row[] {
  const answers = input === null ? null : forward(network, input, shape);
  const rows: Row[] = [];
  network.convolutions.forEach((convolution, index) => {
    const { out } = convolution;
    const shown = Math.min(SHOWN, out);
    const map = answers?.maps[index];
    const cells = map === undefined ? 0 : map.height * map.width;
    const strips: Strip[] = [];
    if (index === 0) strips.push(once(pictures, convolution, () => strip(3, 3, flatten(convolution.weight, shown, convolution.into, 9))));
    if (map !== undefined) strips.push({ height: map.height, width: map.width, values: map.values.subarray(0, shown * cells), scale: largest(map.values) });
    const means = map === undefined ? [] : Array.from({ length: out }, (_, unit) => mean(map.values.subarray(unit * cells, (unit + 1) * cells)));
    rows.push({ kind: index === 0 ? "filters" : "maps", units: out, shown, strips, answers: means, dense: null, links: [] });
  });
  network.dense.forEach((dense, index) => {
    const last = index + 1 === network.dense.length;
    const shown = Math.min(SHOWN, dense.out);
    const layer = answers?.layers[index] ?? null;
    const given = layer === null ? [] : last ? softmax(layer) : layer;
    const above = index > 0 ? rows.at(-1)! : null;
    const cells = response === null ? 0 : response.side ** 2;
    let kind: Row["kind"] = last ? "classes" : "answers";
    const strips: Strip[] = [];
    if (response !== null) {
      if (!last) kind = "responses";
      const whole = once(pictures, dense, () => strip(response.side, response.side, response.layers[index]!.subarray(0, shown * cells)));
      strips.push(last ? { ...whole, scale: 1 } : whole);
    } else if (!last && index === 0 && network.convolutions.length === 0) {
      kind = "weights";
      const [channels = 1, height = 1, width = 1] = shape;
      strips.push(once(pictures, dense, () => strip(height, width, flatten(transpose(dense, shown), shown, channels, height * width))));
    } else if (!last) {
      strips.push({ height: 1, width: 1, values: Float32Array.from(given).subarray(0, shown), scale: largest(given) });
    }
    rows.push({ kind, units: dense.out, shown, strips, answers: given, dense: above === null ? null : dense, links: above === null ? [] : once(found, dense, () => strongest(dense, above.shown, shown)) });
  });
  return rows;
}

function strip(height: number, width: number, values: Float32Array): Strip {
  return { height, width, values, scale: FULL * Math.sqrt(mean(values.map((value) => value ** 2))) };
}

function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let index = 0; index < values.length; index += 1) found = Math.max(found, Math.abs(values[index]!));
  return found;
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The weights of the first `shown` units, `[units, inputs]`. */
function transpose({ into, out, weight }: Dense, shown: number): Float32Array {
  const values = new Float32Array(shown * into);
  for (let unit = 0; unit < shown; unit += 1) for (let input = 0; input < into; input += 1) values[unit * into + input] = weight[input * out + unit]!;
  return values;
}

/** `[units, channels, cells]` to the sums over the channels, `[units, cells]`. */
function flatten(weight: Float32Array, units: number, channels: number, cells: number): Float32Array {
  if (channels === 1) return weight.subarray(0, units * cells);
  const values = new Float32Array(units * cells);
  for (let index = 0; index < units * channels * cells; index += 1) values[Math.floor(index / (channels * cells)) * cells + (index % cells)]! += weight[index]!;
  return values;
}

function strongest({ out, weight }: Dense, from: number, to: number): Link[] {
  const sizes = new Float32Array(from * to);
  for (let one = 0; one < from; one += 1) for (let other = 0; other < to; other += 1) sizes[one * to + other] = Math.abs(weight[one * out + other]!);
  const least = sizes.length <= LINKS ? 0 : sizes.slice().sort()[sizes.length - LINKS]!;
  const links: Link[] = [];
  sizes.forEach((size, index) => {
    if (size < least) return;
    const [one, other] = [Math.floor(index / to), index % to];
    links.push({ from: one, to: other, weight: weight[one * out + other]! });
  });
  return bySize(links);
}

const bySize = (links: Link[]): Link[] => links.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));

/** Every link from one unit to this row, which is the one below it. */
export function linksFrom({ dense, shown }: Row, unit: number): Link[] {
  if (dense === null) return [];
  return Array.from({ length: shown }, (_, to) => ({ from: unit, to, weight: dense.weight[unit * dense.out + to]! }));
}

/** The strongest links of one unit, to the row above it and to the one below. */
export function linksOf(rows: readonly Row[], row: number, unit: number): { above: Link[]; below: Link[] } {
  const [{ dense }, below] = [rows[row]!, rows[row + 1]];
  const above = dense === null ? [] : Array.from({ length: rows[row - 1]!.shown }, (_, from) => ({ from, to: unit, weight: dense.weight[from * dense.out + unit]! }));
  return { above: bySize(above).slice(0, OWN_LINKS), below: below === undefined ? [] : bySize(linksFrom(below, unit)).slice(0, OWN_LINKS) };
}

/** Cosine between what the same unit of two networks makes of its inputs; null where their first layers are not alike. */
export function likeness(one: Inside | undefined, other: Inside | undefined): number[] | null {
  const [a, b] = [one, other].map((inside) => inside?.network.convolutions[0] ?? inside?.network.dense[0]);
  if (a === undefined || b === undefined || a.out !== b.out || a.weight.length !== b.weight.length || one?.network.convolutions.length !== other?.network.convolutions.length) return null;
  const convolution = one!.network.convolutions.length > 0;
  const each = a.weight.length / a.out;
  const at = (unit: number, input: number): number => (convolution ? unit * each + input : input * a.out + unit);
  return Array.from({ length: a.out }, (_, unit) => {
    let [product, squares, others] = [0, 0, 0];
    for (let input = 0; input < each; input += 1) {
      const [x, y] = [a.weight[at(unit, input)]!, b.weight[at(unit, input)]!];
      product += x * y;
      squares += x * x;
      others += y * y;
    }
    return product / Math.max(Number.MIN_VALUE, Math.sqrt(squares * others));
  });
}
