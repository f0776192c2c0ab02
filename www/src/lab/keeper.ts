/** Takes checkpoints as a run goes on: in memory for a Worker that dies, in IndexedDB for a page that is reloaded. */
import type { Reply } from "../engine/protocol";
import { freeze } from "./curves";
import type { Runs } from "./runs/runs.svelte";
import type { Screen } from "./screen.svelte";
import { remember, type Saved } from "./store";

/** Evaluations between two checkpoints, or this long on a slow device. */
const EVERY = 4;
const MOST_MS = 10_000;
/** Least time between two, and how much of the time they may take. */
const LEAST_MS = 1_000;
const SHARE = 0.1;

export class Keeper {
  /** The last checkpoint of the open run. */
  saved: Saved | null = null;
  /** Nothing has happened to the run since. A step of the teacher alone does not show in the step that the page counts. */
  private current = false;
  private evaluations = 0;
  private notBefore = 0;
  private takenAt = 0;

  constructor(
    private readonly screen: Screen,
    private readonly runs: Runs,
    private readonly save: () => Promise<Reply[] | null>,
  ) {}

  /**
   * A checkpoint of the open run as it stands; null where nothing would be lost with it. Of a run that is not `sound` any more it is the last
   * one before: what is no number is not worth going back to.
   */
  async standing(sound: boolean): Promise<Saved | null> {
    if (this.screen.untouched) return null;
    if (sound && !this.current) await this.take();
    return this.saved;
  }

  /** A new run is open: the old checkpoint is not its. The stored one stays until the new run has one. */
  reset(saved: Saved | null = null): void {
    this.saved = saved;
    this.current = saved !== null;
    this.evaluations = 0;
    this.takenAt = performance.now();
  }

  /** Told of the replies of each advance. */
  async watch(replies: Reply[]): Promise<void> {
    this.current = false;
    this.evaluations += replies.filter((reply) => reply.type === "evaluated").length;
    const now = performance.now();
    const due = now >= this.notBefore && (this.evaluations >= EVERY || now >= this.takenAt + MOST_MS);
    if (due || replies.some((reply) => reply.type === "finished")) await this.take();
  }

  async take(): Promise<void> {
    this.evaluations = 0;
    const begin = performance.now();
    this.takenAt = begin;
    const file = (await this.save())?.find((reply) => reply.type === "file");
    const { summary } = this.screen;
    if (file === undefined || summary === null) return;
    const now = performance.now();
    this.notBefore = now + Math.max(LEAST_MS, (now - begin) / SHARE);
    this.saved = {
      bytes: file.bytes,
      preset: summary.preset,
      phase: this.screen.phase,
      step: this.screen.step,
      steps: this.screen.phase === "teacher" ? summary.teacher_steps : summary.student_steps,
      finished: this.screen.finished,
      when: Date.now(),
      curves: freeze(this.screen.history),
      run: this.runs.keep(this.screen.history, summary.preset, this.screen.opening),
    };
    this.current = true;
    void remember(this.saved);
  }
}
