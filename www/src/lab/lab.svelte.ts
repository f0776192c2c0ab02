/**
 * The laboratory: what the visitor does becomes commands to the engine, what the engine answers becomes state of the page. Everything that
 * is lost with a Worker is brought back here.
 */
import { Gone, type WorkerLike } from "../engine/client";
import { VERSION, type Command, type CpuReason, type EngineError, type Opened, type Reply, type Started } from "../engine/protocol";
import { Supervisor } from "../engine/supervisor";
import type { Locale } from "../i18n/locale";
import type { PanelId } from "./closer/ids";
import { Sight } from "./access/sight.svelte";
import { Config } from "./config.svelte";
import { thaw } from "./curves";
import { Drawing } from "./draw/drawing.svelte";
import { RunHistory } from "./history";
import { Intake, type Sending } from "./intake";
import { Keeper } from "./keeper";
import { KNOBS, applies, differences, findKnob, presetValues, same, type Values } from "./knobs";
import { Notices } from "./notices.svelte";
import { Shows } from "./parts";
import { Playback } from "./playback.svelte";
import { Questions } from "./questions.svelte";
import type { Called } from "./runs/names";
import { Runs } from "./runs/runs.svelte";
import { shelf, unshelve } from "./runs/shelf";
import { Screen } from "./screen.svelte";
import { forget, recall, type Saved } from "./store";
import { Sweeps } from "./sweep/sweeps.svelte";
import { differing, type Link } from "./url";
import type { Guess } from "./verdict";

export type EngineState =
  | { is: "loading"; share: number }
  | { is: "testing" }
  | { is: "up"; started: Started; reason: CpuReason | null }
  | { is: "down"; error: EngineError };

/** A dragged slider is not worth a new run per pixel. */
const REOPEN_MS = 250;

export class Lab {
  readonly config = new Config();
  readonly screen = new Screen();
  readonly runs = new Runs(shelf);
  readonly notices = new Notices();
  readonly drawing = new Drawing();
  readonly questions = new Questions(this.screen, () => this.ready, (command, latest) => this.tell(command, { latest, quiet: true }));
  readonly sight = new Sight(
    () => this.screen.summary?.values ?? this.config.values,
    // Of a large vocabulary no words are listed.
    () => (this.screen.summary === null ? 0 : this.screen.summary.classes.length || Infinity),
  );
  readonly sweeps: Sweeps;
  readonly shows: Shows;

  engine = $state.raw<EngineState>({ is: "loading", share: 0 });
  /** What the engine said against single knobs. */
  problems = $state.raw<Record<string, EngineError>>({});
  /** The panel that is open below the curves. */
  panel = $state<PanelId>("sample");
  /** The lesson that is open. */
  lesson = $state<string | null>(null);
  /** What the visitor expects of the open run. */
  guess = $state<Guess | null>(null);
  /** Large type, for a projector. */
  large = $state(false);
  /** The language that the visitor chose, for the address. */
  chosenLocale = $state<Locale | null>(null);

  /** Restart knobs that wait for a new run. */
  readonly pending = $derived(this.screen.summary === null ? [] : differences(this.screen.summary.values, this.config.values).filter(({ key }) => findKnob(key)?.live === false));

  private readonly supervisor: Supervisor;
  private readonly keeper = new Keeper(this.screen, this.runs, () => this.ask({ type: "save" }, { quiet: true }));
  readonly playback = new Playback(this.screen, this.questions, this.keeper, {
    ready: () => this.ready,
    // An experiment that the engine refused is tried again, so that its message is seen again.
    anew: () => (this.engine.is === "up" && this.screen.summary === null) || this.reopening !== undefined,
    begin: () => this.restart(true),
    tell: (command) => this.tell(command),
    lesson: () => this.lesson,
  });
  readonly intake = new Intake(this.playback, {
    open: (command, how) => this.replace(() => this.begin(command, new RunHistory(), how), () => this.adopt()),
    load: (bytes, file) => this.load(bytes, file),
    refuse: (error, file) => this.refuse(error, file),
  });
  private first = true;
  private replacing: Promise<unknown> = Promise.resolve();
  private reopening: ReturnType<typeof setTimeout> | undefined;

  constructor(spawn: () => WorkerLike, readonly link: Link) {
    this.config.begin(link.preset, link.values);
    this.chosenLocale = link.locale;
    this.panel = link.panel ?? "sample";
    this.lesson = link.lesson;
    this.large = link.large;
    this.shows = new Shows(link.hide);
    this.sweeps = new Sweeps(spawn);
    this.supervisor = new Supervisor(
      spawn,
      {
        loading: (share) => (this.engine = { is: "loading", share }),
        testing: () => (this.engine = { is: "testing" }),
        died: (error) => this.died(error),
        up: (started, reason) => void this.up(started, reason),
        took: (command, ms) => this.playback.took(command, ms),
        down: (error) => this.down(error),
      },
      link.backend,
    );
  }

  start(): void {
    void this.supervisor.start();
  }

  retry(): void {
    this.engine = { is: "loading", share: 0 };
    void this.supervisor.retry();
  }

  // ---- Runs ---------------------------------------------------------------------------------------------------------------------

  /**
   * Begins a new run with what the controls say; the old one stays as an overlay, and Undo goes on with it. `joined` says whether that is part
   * of the last change of the controls, `called` what the run is called.
   */
  async restart(play: boolean, { joined = this.pending.length > 0, called = null }: { joined?: boolean; called?: Called } = {}): Promise<void> {
    this.openNoMore();
    this.playback.playing = play;
    if (this.engine.is !== "up") return;
    const opened = await this.replace(() => this.open(this.config.preset, this.config.values), () => joined);
    if (opened === true && called !== null) this.runs.call(called);
    if (!this.ready) this.playback.playing = false;
    await this.playback.goOn();
  }

  async newSeed(): Promise<void> {
    this.turn("seed", String(Math.floor(Math.random() * 100_000)));
    this.config.seal();
    await this.restart(this.playback.playing);
  }

  // ---- The experiment -----------------------------------------------------------------------------------------------------------

  /** Sets a knob to a valid value. A live one acts at once. */
  turn(key: string, value: string): void {
    this.config.set(key, value);
    this.settle(key);
    this.follow();
  }

  /** Turns a knob to a value that is a whole choice, to be undone by itself. */
  choose(key: string, value: string): void {
    this.turn(key, value);
    this.config.seal();
  }

  /** Sets several knobs as one change; with a preset they differ from that, and a run of it begins. */
  async combine(preset: string | null, values: Values): Promise<void> {
    if (preset === null) {
      this.config.take(this.config.preset, { ...this.config.values, ...values });
      for (const key of Object.keys(values)) this.settle(key);
      return this.follow();
    }
    const joined = this.config.take(preset, { ...presetValues(preset), ...values });
    this.problems = {};
    await this.restart(this.playback.playing, { joined });
  }

  /** Opens a view below the curves, where the class sees it. */
  view(panel: PanelId): void {
    if (this.shows.view(panel)) this.panel = panel;
  }

  /** Takes back the last change, and goes on with the run that it ended. */
  undo(): void {
    // The run would be lost with a Worker that cannot take it yet.
    if (this.config.lastEnded && (this.engine.is === "loading" || this.engine.is === "testing")) return;
    const last = this.config.undo();
    if (last === null) return;
    this.problems = {};
    if (last.run !== null && this.ready) void this.resumeFrom(last.run).then(() => this.follow());
    else this.follow();
  }

  usePreset(id: string): Promise<void> {
    return this.combine(id, {});
  }

  /** Takes a whole experiment as one change and plays it. */
  async perform(preset: string, values: Values, called: Called = null): Promise<void> {
    const joined = this.config.take(preset, values);
    this.problems = {};
    await this.restart(true, { joined, called });
  }

  // ---- Files --------------------------------------------------------------------------------------------------------------------

  /** A file from the engine: a checkpoint or weights. */
  async fetchFile(command: Extract<Command, { type: "save" | "weights" }>, how: { quiet?: boolean } = {}): Promise<Extract<Reply, { type: "file" }> | null> {
    return (await this.ask(command, how))?.find((reply) => reply.type === "file") ?? null;
  }

  /** Puts the weights of a file into the distilled student; says whether it took them. */
  private async load(bytes: Uint8Array, file: string): Promise<boolean> {
    const ended = await this.keeper.standing(this.playback.stopped === null);
    const replies = await this.tell({ type: "load_weights", role: "distilled", bytes }, { file });
    if (replies?.some((reply) => reply.type === "error") !== false) return false;
    if (ended !== null) this.config.ended(ended, false);
    // It stands at the same step with other weights, which would be lost with it.
    this.keeper.reset();
    this.screen.touch();
    this.screen.history.handled = true;
    this.notices.say("good", "notice.weights_loaded");
    return true;
  }

  /** Goes on with the run that an earlier visit left. */
  async resume(saved: Saved): Promise<void> {
    const answer = await this.resumeFrom(saved);
    if (answer === true) this.adopt();
    // A Worker that died says nothing against the checkpoint.
    else if (answer !== null) void forget();
  }

  // ---- For tests ----------------------------------------------------------------------------------------------------------------

  poke(type: "lose_device" | "crash"): void {
    this.supervisor.poke({ type });
  }

  // ---- The engine ---------------------------------------------------------------------------------------------------------------

  private get ready(): boolean {
    return this.engine.is === "up" && this.screen.summary !== null;
  }

  /** Sends a command; null when the Worker died meanwhile, which `died` and `up` deal with. */
  private async ask(command: Command, how: Sending = {}): Promise<Reply[] | null> {
    try {
      const replies = await this.supervisor.send(command, how.latest);
      for (const reply of replies) if (reply.type === "error" && how.quiet !== true) this.refuse(reply, how.file);
      return replies;
    } catch (thrown) {
      if (thrown instanceof Gone) return null;
      throw thrown;
    }
  }

  /** Sends a command and shows what comes of it. */
  private async tell(command: Command, how: Sending = {}): Promise<Reply[] | null> {
    const { drawings } = this.screen;
    const replies = await this.ask(command, how);
    for (const reply of replies ?? []) this.show(reply, drawings);
    return replies;
  }

  private show(reply: Reply, drawings = this.screen.drawings): void {
    const { type } = reply;
    if (type !== "ready" && type !== "self_tested" && type !== "brought" && type !== "file" && type !== "error") this.screen.take(reply, drawings);
  }

  private refuse(error: EngineError, file: string | null = null): void {
    this.notices.fail(error, { file, actions: error.code === "not_finite" && this.config.canUndo ? [{ label: "undo", act: () => this.undo() }] : [] });
    // The controls are not at fault for what stands in a file.
    if (file === null && error.key !== null && findKnob(error.key) !== undefined) this.problems = { ...this.problems, [error.key]: error };
  }

  private settle(key: string): void {
    this.notices.settle(key);
    const { [key]: _, ...others } = this.problems;
    this.problems = others;
  }

  /** Opens a run. True, or what the engine had against it, or null when the Worker died. `again` is the number of an earlier run that goes on. */
  private async begin(command: Command, history: RunHistory, how: Sending & { again?: number | undefined } = {}): Promise<true | EngineError | null> {
    const replies = await this.ask(command, how);
    if (replies === null) return null;
    const opened = replies.find((reply): reply is Opened => reply.type === "opened");
    if (opened === undefined) return replies.find((reply) => reply.type === "error") ?? null;
    const { history: old, summary, opening } = this.screen;
    // A run that is brought back after a death is the same run.
    if (old !== history) {
      this.guess = null;
      if (summary !== null) this.runs.archive(old, summary.preset, opening, how.again);
      this.runs.begin(opened.summary.values, how.again);
      this.keeper.reset();
    }
    this.playback.stopped = null;
    this.problems = {};
    this.questions.begin(opened, summary);
    this.screen.begin(opened, history);
    for (const reply of replies) if (reply !== opened) this.show(reply);
    this.questions.lookAgain();
    return true;
  }

  private open(preset: string, values: Values, history = new RunHistory()): Promise<true | EngineError | null> {
    return this.begin({ type: "open", preset, version: VERSION, set: differing(preset, values) }, history);
  }

  /** Opens another run in the place of this one, with which Undo goes on. `joined` says, once it is open, whether the controls changed with it. */
  private replace(open: () => Promise<true | EngineError | null>, joined: () => boolean): Promise<true | EngineError | null> {
    // One at a time: a second press must not end the run that the first one is ending.
    const replaced = this.replacing.then(() => this.replaceNow(open, joined));
    this.replacing = replaced.catch(() => null);
    return replaced;
  }

  private async replaceNow(open: () => Promise<true | EngineError | null>, joined: () => boolean): Promise<true | EngineError | null> {
    const ended = await this.keeper.standing(this.playback.stopped === null);
    const answer = await open();
    if (answer !== true) return answer;
    const change = joined();
    if (ended !== null) this.config.ended(ended, change);
    return true;
  }

  /** Goes on with a run where it was left. */
  private async resumeFrom(saved: Saved): Promise<true | EngineError | null> {
    this.openNoMore();
    this.playback.playing = false;
    const answer = await this.begin({ type: "resume", bytes: saved.bytes }, thaw(saved.curves), { again: saved.run });
    if (answer === true) {
      this.keeper.reset(saved);
      this.screen.stand(saved);
    }
    return answer;
  }

  /** The controls follow the run that was opened from a file. Says whether that changed them. */
  private adopt(): boolean {
    const { summary } = this.screen;
    return summary !== null && this.config.take(summary.preset, summary.values);
  }

  /** The run follows the controls, as far as that costs no step. */
  private follow(): void {
    const { summary } = this.screen;
    if (summary === null) return;
    for (const knob of KNOBS) {
      const value = this.config.values[knob.key];
      if (knob.live && value !== undefined && applies(knob, this.config.values) && !same(knob, value, summary.values[knob.key])) void this.set(knob.key, value);
    }
    if (this.pending.length > 0 && this.screen.untouched && !this.playback.playing) {
      clearTimeout(this.reopening);
      this.reopening = setTimeout(() => void this.restart(this.playback.playing), REOPEN_MS);
    }
  }

  /** What waited for a new run is in the one that is opened now. */
  private openNoMore(): void {
    clearTimeout(this.reopening);
    this.reopening = undefined;
  }

  private async set(key: string, value: string): Promise<void> {
    const replies = await this.tell({ type: "set", key, value }, { latest: `set ${key}` });
    const refused = replies?.some((reply) => reply.type === "error");
    const held = this.screen.summary?.values[key];
    if (refused && held !== undefined && this.config.values[key] === value) this.config.correct(key, held);
    this.questions.look(true);
  }

  private died(error: EngineError): void {
    this.engine = { is: "loading", share: 0 };
    this.notices.fail(error);
  }

  private down(error: EngineError): void {
    this.playback.playing = false;
    this.engine = { is: "down", error };
  }

  private async up(started: Started, reason: CpuReason | null): Promise<void> {
    this.engine = { is: "up", started, reason };
    const { first } = this;
    this.first = false;
    await (first ? this.openFirst() : this.bringBack());
    await this.playback.goOn();
  }

  private async openFirst(): Promise<void> {
    // An address can hold values that contradict each other: then the preset alone is opened, and what is wrong stays beside its knob.
    if ((await this.open(this.config.preset, this.config.values)) !== true) {
      const { problems } = this;
      await this.open(this.config.preset, {});
      this.problems = problems;
    }
    // The store may take its time, or never answer.
    void this.lookBack();
  }

  /** What earlier visits left: their runs, and a checkpoint to go on from. */
  private async lookBack(): Promise<void> {
    const kept = await unshelve();
    if (this.screen.summary === null) return;
    this.runs.load(kept, this.screen.opening);
    const saved = await recall();
    if (saved === null || saved.finished || saved.step === 0 || !this.screen.untouched) return;
    this.notices.say("good", "notice.resume", { step: saved.step, steps: saved.steps, preset: saved.preset }, [
      { label: "action.resume", act: () => void this.resume(saved) },
      { label: "action.discard", act: () => void forget() },
    ]);
  }

  /** After a death: the run goes on from its last checkpoint, or begins again. */
  private async bringBack(): Promise<void> {
    const { summary, opening, history } = this.screen;
    const { saved } = this.keeper;
    if (summary === null) return void (await this.openFirst());
    const finished = this.screen.finished;
    if (saved !== null && (await this.begin({ type: "resume", bytes: saved.bytes }, history)) === true) {
      this.screen.stand(saved);
      if (finished) this.notices.say("good", "notice.back");
      else this.notices.say("warn", "notice.resumed", { step: saved.step });
    } else {
      const lost = !this.screen.untouched;
      await this.open(summary.preset, opening);
      if (lost) this.notices.say("warn", "notice.begun_again");
    }
    this.follow();
  }
}
