/** Large pictures are drawn in turn, one a frame: a browser without a GPU paints at once what was drawn in a frame, and three networks take it 50 ms. */
const waiting = new Set<() => void>();
let frame = 0;

/** Draws as soon as it is its turn. One that waits already keeps its place. */
export function drawInTurn(draw: () => void): void {
  waiting.add(draw);
  if (frame === 0) frame = requestAnimationFrame(next);
}

/** Draws no more. */
export function leave(draw: () => void): void {
  waiting.delete(draw);
}

function next(): void {
  frame = 0;
  const [draw] = waiting;
  if (draw === undefined) return;
  waiting.delete(draw);
  if (waiting.size > 0) frame = requestAnimationFrame(next);
  draw();
}
