/** What the views ask the engine: they stand in its queue before the next steps. Their answers come to the screen. */
import type { Command, Opened, Reply } from "../engine/protocol";
import examples from "../recorded/examples.json";
import type { Screen } from "./screen.svelte";
import { isText } from "./task";

/** Cells per side of the plane's surfaces. */
const PLANE_CELLS = 80;
/** The plane is redrawn at most so often, and takes at most this share of the time. */
const PLANE_MS = 300;
const PLANE_SHARE = 0.2;

/** The test row to begin with: one that shows what the teacher gave (`examples.mjs` says how it is chosen), or else the first. */
function exampleOf(task: string | undefined): number {
  const rows: Record<string, number | undefined> = examples;
  return rows[task ?? ""] ?? 0;
}

/** Sends a command and shows what comes of it; of those of one name that wait only the last is carried out. Null when the Worker died. */
type Tell = (command: Command, latest: string) => Promise<Reply[] | null>;

export class Questions {
  /** The test row that is looked at. */
  row = $state(0);
  /** The prompt that the networks of a text answer. */
  prompt = $state(0);
  /** What the open panels ask after every evaluation, by name. */
  private readonly watched: Record<string, { make: () => Command | null; often: boolean } | undefined> = {};
  private planeNotBefore = 0;

  constructor(
    private readonly screen: Screen,
    private readonly ready: () => boolean,
    private readonly tell: Tell,
  ) {}

  /** Another run is open, after `before`. */
  begin({ summary }: Opened, before: Screen["summary"]): void {
    const task = summary.values["task.name"];
    if (task !== before?.values["task.name"]) {
      this.row = exampleOf(task);
      this.prompt = 0;
    }
    if (this.row >= summary.test_rows) this.row = 0;
  }

  select(row: number): void {
    this.row = row;
    void this.tell({ type: "inspect", index: row }, "inspect");
  }

  /** Looks at the row that is `by` rows further; after the last comes the first. */
  move(by: number): void {
    const { rows } = this;
    this.select((((this.row + by) % rows) + rows) % rows);
  }

  /** Looks at any row but this one. */
  draw(): void {
    this.move(1 + Math.floor(Math.random() * Math.max(1, this.rows - 1)));
  }

  private get rows(): number {
    return Math.max(1, this.screen.summary?.test_rows ?? 1);
  }

  /**
   * Asks now and after every evaluation, until the returned function is called; `often` also between them, while the run is played at a pace
   * that leaves time for it. `make` says what to ask, null nothing for now.
   * The answer stands in `screen.now.looks`. For a panel's `$effect`.
   */
  watch(name: string, make: () => Command | null, often = false): () => void {
    this.watched[name] = { make, often };
    if (this.ready()) this.ask(name, make);
    return () => {
      if (this.watched[name]?.make === make) this.watched[name] = undefined;
    };
  }

  /** Asks something whose answer stands in `screen.now.looks`. */
  async request(name: string, command: Command): Promise<Reply[]> {
    const replies = (this.ready() ? await this.tell(command, name) : null) ?? [];
    // A run over fewer texts than the one before: there is no way out of a prompt that is not there. The panel asks for the first one.
    if (command.type === "read" && command.prompt === this.prompt && replies.some((reply) => reply.type === "error" && reply.code === "no_such_row")) this.prompt = 0;
    return replies;
  }

  /** Refreshes what has to be asked for, after steps or a turned knob. */
  look(evaluated: boolean, paced = false): void {
    if (document.hidden) return;
    const values = this.screen.summary?.values;
    if (evaluated) {
      // A text has no classes that could be looked at one by one.
      if (values !== undefined && !isText(values)) this.select(this.row);
    }
    for (const [name, one] of Object.entries(this.watched)) if (one !== undefined && (evaluated || (paced && one.often))) this.ask(name, one.make);
    if (values?.["task.name"] === "plane" && performance.now() >= this.planeNotBefore) void this.drawPlane();
  }

  /** The same, and the plane however lately it was drawn: before a rest, after a new run, when the page is seen again. */
  lookAgain(evaluated = true): void {
    this.planeNotBefore = 0;
    if (this.ready()) this.look(evaluated);
  }

  private ask(name: string, make: () => Command | null): void {
    const command = make();
    if (command !== null) void this.request(name, command);
  }

  private async drawPlane(): Promise<void> {
    const begin = performance.now();
    this.planeNotBefore = Infinity;
    await this.tell({ type: "plane", resolution: PLANE_CELLS }, "plane");
    const now = performance.now();
    this.planeNotBefore = now + Math.max(PLANE_MS, (now - begin) / PLANE_SHARE);
  }
}
