/** How the open run is played: on and on, step by step, or one side alone. What it makes is shown by the laboratory, which also opens runs. */
import type { Command, EngineError, Reply, Role } from "../engine/protocol";
import { Pump } from "../engine/pump";
import type { Keeper } from "./keeper";
import type { Questions } from "./questions.svelte";
import type { Screen } from "./screen.svelte";
import { Tempo } from "./speed.svelte";

type Steps = Extract<Command, { type: "advance" | "step_only" }>;

/** What playing needs of the laboratory. */
export interface Stage {
  /** A run is open and its engine is up. */
  ready(): boolean;
  /** Play has to begin a run rather than to go on with one. */
  anew(): boolean;
  begin(): Promise<void>;
  /** Sends a command and shows what comes of it; null when the Worker died. */
  tell(command: Steps): Promise<Reply[] | null>;
  /** The lesson that is open. */
  lesson(): string | null;
}

export class Playback {
  playing = $state(false);
  /** Why the open run cannot go on, though its device is well. */
  stopped = $state.raw<EngineError | null>(null);
  readonly tempo = new Tempo(() => this.stage.lesson());

  private readonly pump = new Pump(
    // Paused while it waited for its turn.
    (steps) => (this.playing ? this.advance(steps) : Promise.resolve(false)),
    () => this.pace,
  );

  constructor(
    private readonly screen: Screen,
    private readonly questions: Questions,
    private readonly keeper: Keeper,
    private readonly stage: Stage,
  ) {}

  /** Steps a second at most. */
  get pace(): number {
    const { summary } = this.screen;
    return this.tempo.pace((summary?.teacher_steps ?? 0) + (summary?.student_steps ?? 0));
  }

  async toggle(): Promise<void> {
    if (this.playing) this.pause();
    else await this.play();
  }

  async play(): Promise<void> {
    if (this.stage.anew() || this.screen.finished || this.stopped !== null) return this.stage.begin();
    this.playing = true;
    await this.goOn();
  }

  /** Goes on if it plays. Pressed before the engine is there, it plays as soon as a run is open. */
  async goOn(): Promise<void> {
    if (this.playing && this.stage.ready()) await this.pump.run();
  }

  pause(): void {
    this.playing = false;
    if (this.stage.ready() && !this.screen.untouched) void this.keeper.take();
  }

  /** Nothing came of a wish to play another run: this one plays if it did before. */
  asBefore(): void {
    this.playing &&= this.pump.busy;
  }

  /** Stands still for a deed that opens another run, and plays on unless one is open then. */
  async still<T>(deed: () => Promise<T>): Promise<T> {
    const { playing } = this;
    this.playing = false;
    const done = await deed();
    if (playing && done !== true) {
      this.playing = true;
      // To its end, for which nobody waits.
      void this.goOn();
    }
    return done;
  }

  async step(): Promise<void> {
    this.playing = false;
    if (this.able) await this.advance(1);
  }

  /** Lets a teacher that learns first learn to its end, and stops where the students begin. */
  async teach(): Promise<void> {
    if (!this.stage.ready() || this.stopped !== null) return;
    this.playing = true;
    const left = (): number => (this.screen.phase === "teacher" ? this.screen.steps - this.screen.step : 0);
    // One call at a time: a second one under way would run on into the students' steps.
    while (this.playing && left() > 0) await this.advance(Math.min(this.pump.steps, left()));
    this.pause();
  }

  /** One step of a teacher that learns beside the students, or of both students, while the other side waits. */
  async stepOnly(role: Role): Promise<void> {
    this.playing = false;
    if (this.able) await this.make({ type: "step_only", role });
  }

  /** Told how long the engine took. */
  took(command: Command, ms: number): void {
    if (command.type === "advance") this.pump.took(command.steps, ms);
  }

  private get able(): boolean {
    return this.stage.ready() && !this.screen.finished && this.stopped === null;
  }

  private advance(steps: number): Promise<boolean> {
    return this.make({ type: "advance", steps });
  }

  /** Makes steps; says whether to go on. */
  private async make(command: Steps): Promise<boolean> {
    const replies = await this.stage.tell(command);
    // The Worker died: the laboratory plays on when the next is up.
    if (replies === null) return false;
    const refused = replies.find((reply) => reply.type === "error");
    if (refused !== undefined) {
      this.playing = false;
      if (refused.code === "not_finite") this.stopped = refused;
      return false;
    }
    this.screen.touch();
    if (command.type === "step_only") this.screen.history.handled = true;
    if (replies.some((reply) => reply.type === "finished")) this.playing = false;
    const evaluated = replies.some((reply) => reply.type === "evaluated");
    if (this.playing) this.questions.look(evaluated, this.tempo.held);
    else this.questions.lookAgain(evaluated);
    void this.keeper.watch(replies);
    return this.playing;
  }
}
