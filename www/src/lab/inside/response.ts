/** What each unit of a network answers over the plane, as a small picture. */
import { EXTENT } from "../views/plane/surface";
import { softmax } from "../softmax";
import { costOf, forward, type Network } from "./network";

export interface Response {
  /** Cells per side; the first row is the top, y = +EXTENT. */
  side: number;
  /** Of each dense layer `[units, side, side]`; of the last one the probabilities. */
  layers: Float32Array[];
}

const FINEST = 24;
const COARSEST = 8;
/** Multiplications for one picture: some ten milliseconds. */
const BUDGET = 8e6;

export function respond(network: Network): Response {
  const side = Math.min(FINEST, Math.max(COARSEST, Math.floor(Math.sqrt(BUDGET / costOf(network)))));
  const cells = side * side;
  const layers = network.dense.map(({ out }) => new Float32Array(out * cells));
  const at = (place: number): number => ((2 * (place + 0.5)) / side - 1) * EXTENT;
  for (let cell = 0; cell < cells; cell += 1) {
    const answers = forward(network, [at(cell % side), -at(Math.floor(cell / side))], [2]).layers;
    answers.forEach((answer, index) => {
      const values = index + 1 === answers.length ? softmax(answer) : answer;
      for (let unit = 0; unit < values.length; unit += 1) layers[index]![unit * cells + cell] = values[unit]!;
    });
  }
  return { side, layers };
}
