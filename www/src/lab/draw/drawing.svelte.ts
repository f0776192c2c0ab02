/** What the visitor has drawn. It outlives the panel: whoever looks at another one finds the drawing again. */
import { render, type Place, type Stroke } from "./raster";

interface Page {
  /** A picture at the resolution of the data under the strokes: a test row, or cells that were set by key. */
  base: readonly number[] | null;
  strokes: readonly Stroke[];
}

const EMPTY: Page = { base: null, strokes: [] };
/** More than anyone will step back. */
const MAX_UNDO = 100;
/** Places nearer than this share of the side are one. */
const FINEST = 0.008;

export class Drawing {
  page = $state.raw<Page>(EMPTY);
  /** Rubs out instead of drawing. */
  rubs = $state(false);
  /** Fills closed outlines, for garments. */
  fill = $state(true);
  /** The point of the plane that is asked about, -1 to 1 and a little beyond. */
  point = $state.raw<Place>([0, 0]);
  /** The class of the training points that a click on the plane places; null where it only asks. */
  brush = $state<number | null>(null);
  /** What the networks were last asked about. */
  asked: readonly number[] | null = null;
  private past = $state.raw<Page[]>([]);
  private side = $state(0);
  private task = $state<string>();

  /** Values of the picture as the networks get it. */
  readonly picture = $derived(this.empty ? null : render(this.page.base, this.page.strokes, this.side, this.task, this.fill));

  get empty(): boolean {
    return this.page.base === null && this.page.strokes.length === 0;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  /** Begins anew when the data are others. */
  suit(task: string, side: number): void {
    if (task === this.task && side === this.side) return;
    this.task = task;
    this.side = side;
    this.page = EMPTY;
    this.past = [];
  }

  begin(place: Place): void {
    // What the eraser takes away must not move the rest: the picture is kept as it is.
    if (this.rubs && this.picture === null) return;
    this.change({ base: this.rubs ? this.picture : this.page.base, strokes: [...(this.rubs ? [] : this.page.strokes), { places: [place], rubs: this.rubs }] });
  }

  extend(place: Place): void {
    const stroke = this.page.strokes.at(-1);
    const last = stroke?.places.at(-1);
    if (stroke === undefined || last === undefined || Math.hypot(place[0] - last[0], place[1] - last[1]) < FINEST) return;
    this.page = { ...this.page, strokes: [...this.page.strokes.slice(0, -1), { ...stroke, places: [...stroke.places, place] }] };
  }

  /** Turns a cell of the picture from empty to full or back. */
  toggle(cell: number): void {
    const base = [...(this.picture ?? Array.from({ length: this.side * this.side }, () => 0))];
    base[cell] = base[cell]! > 0.5 ? 0 : 1;
    this.change({ base, strokes: [] });
  }

  /** Takes a picture of the data. */
  take(input: readonly number[]): void {
    this.change({ base: [...input], strokes: [] });
  }

  clear(): void {
    if (!this.empty) this.change(EMPTY);
  }

  undo(): void {
    const last = this.past.at(-1);
    if (last === undefined) return;
    this.past = this.past.slice(0, -1);
    this.page = last;
  }

  private change(page: Page): void {
    this.past = [...this.past.slice(1 - MAX_UNDO), this.page];
    this.page = page;
  }
}
