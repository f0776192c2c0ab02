/**
 * The laboratory: what the visitor does becomes commands to the engine, what the engine answers becomes state of the page. Everything that
 * is lost with a Worker is brought back here.
 */
import type { WorkerLike } from "../engine/client";
import { VERSION, type Command, type EngineError, type Opened, type Reply } from "../engine/protocol";
import { bring } from "../engine/shipped";
import type { Locale } from "../i18n/locale";
import type { PanelId } from "./closer/ids";
import { Sight } from "./access/sight.svelte";
import { Config } from "./config.svelte";
import { thaw } from "./curves";
import { Drawing } from "./draw/drawing.svelte";
import { Follow } from "./follow.svelte";
import { RunHistory } from "./history";
import { Intake } from "./intake";
import { Keeper } from "./keeper";
import { differences, findKnob, presetValues, type Difference, type Values } from "./knobs";
import { Machine, type Sending } from "./machine.svelte";
import { Notices } from "./notices.svelte";
import { Openings, refusal, type Answer } from "./openings.svelte";
import { Shows } from "./parts";
import { Playback } from "./playback.svelte";
import { Questions } from "./questions.svelte";
import type { Called } from "./runs/names";
import { Recovery } from "./recovery";
import { Runs } from "./runs/runs.svelte";
import { shelf } from "./runs/shelf";
import { Screen } from "./screen.svelte";
import type { Saved } from "./store";
import { Sweeps } from "./sweep/sweeps.svelte";
import { Undo } from "./undo";
import { differing, type Link } from "./url";
import type { Guess } from "./verdict";

function openCommand(preset: string, values: Values): Command {
  return { type: "open", preset, version: VERSION, set: differing(preset, values) };
}

function isRestart(key: string): boolean {
  return findKnob(key)?.live === false;
}

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

  /** Knobs that wait for a new run: restart knobs, and live ones that contradict the open run without them. */
  readonly pending: Difference[] = $derived.by(() => {
    const { summary } = this.screen;
    return summary === null ? [] : differences(summary.values, this.config.values).filter(({ key }) => isRestart(key) || this.following.holds(key));
  });

  readonly openings = new Openings({
    bring: (part) => bring({ send: async (command) => (await this.machine.ask(command)) ?? [] }, part),
    refuse: (error, file) => this.refuse(error, file),
    standing: () => this.keeper.standing(this.playback.stopped === null),
    ended: (run, change) => this.config.ended(run, change),
  });
  private readonly machine: Machine;
  private readonly keeper = new Keeper(this.screen, this.runs, () => this.machine.ask({ type: "save" }, { quiet: true }));
  readonly playback = new Playback(this.screen, this.questions, this.keeper, {
    ready: () => this.ready,
    anew: () => this.anew,
    begin: () => this.beginToPlay(),
    tell: (command) => this.tell(command),
    lesson: () => this.lesson,
  });
  readonly intake = new Intake({
    open: (command, how) => this.openings.replace(() => this.playback.still(() => this.begin(command, new RunHistory(), how)), () => this.following.run(), how),
    load: (bytes, file) => this.playback.still(() => this.load(bytes, file)),
    refuse: (error, file) => this.refuse(error, file),
  });
  readonly recovery = new Recovery(this.screen, this.runs, this.keeper, this.notices, {
    begin: (command, history = new RunHistory()) => this.begin(command, history),
    opening: () => openCommand(this.screen.summary?.preset ?? this.config.preset, this.screen.opening),
    did: (back) => this.config.did(back),
    goOn: (saved) => this.openings.replace(() => this.resumeNow(saved), () => this.following.run()),
  });
  private readonly following = new Follow(this.config, this.screen, this.openings, this.playback, {
    ready: () => this.ready,
    pending: () => this.pending.some(({ key }) => isRestart(key)),
    restart: (play) => this.restart(play),
    tell: (command, how) => this.tell(command, how),
    refuse: (error) => this.refuse(error),
    turned: () => this.questions.look(true),
  });
  private readonly undoing = new Undo(this.config, this.openings, {
    ready: () => this.ready,
    starting: () => this.engine.is === "loading" || this.engine.is === "testing",
    resume: (run) => this.resumeNow(run),
    adopt: () => void this.following.run(),
    follow: () => this.following.controls(),
  });
  /** What earlier visits left was looked for. */
  private lookedBack = false;
  /** The engine has the run that is shown. */
  private running = $state(false);

  constructor(spawn: () => WorkerLike, readonly link: Link) {
    this.config.begin(link.preset, link.values);
    this.chosenLocale = link.locale;
    this.panel = link.panel ?? "sample";
    this.lesson = link.lesson;
    this.large = link.large;
    this.shows = new Shows(link.hide);
    this.sweeps = new Sweeps(spawn, this.shows, (bringBack) =>
      this.config.did(() => {
        bringBack();
        this.notices.say("good", "notice.sweep_back");
      }),
    );
    this.machine = new Machine(spawn, link.backend, {
      up: () => void this.up(),
      died: (error) => this.died(error),
      down: () => this.down(),
      took: (command, ms) => this.playback.took(command, ms),
      refuse: (error, file) => this.refuse(error, file),
    });
  }

  get engine(): Machine["state"] {
    return this.machine.state;
  }

  start(): void {
    this.machine.start();
  }

  retry(): void {
    this.machine.retry();
  }

  // ---- Runs ---------------------------------------------------------------------------------------------------------------------

  /**
   * Begins a new run with what the controls say; the old one stays as an overlay, and Undo goes on with it. `joined` says whether that is part
   * of the last change of the controls, `called` what the run is called.
   */
  async restart(play: boolean, { joined = this.pending.length > 0, called = null }: { joined?: boolean; called?: Called } = {}): Promise<void> {
    this.following.openNoMore();
    this.playback.playing = play;
    if (!this.machine.isUp) return;
    const change = joined ? this.config.last : null;
    const opened = await this.openings.replace(() => this.begin(this.asControls, new RunHistory()), () => change, { asControls: true });
    if (opened === "overtaken" || opened === "called_off") return;
    if (opened !== true) this.playback.asBefore();
    else if (called !== null) this.runs.call(called);
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
    this.following.controls();
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
      return this.following.controls();
    }
    const joined = this.config.take(preset, { ...presetValues(preset), ...values });
    this.problems = {};
    await this.restart(this.playback.playing, { joined });
  }

  /** Opens a view below the curves, where the class sees it. */
  view(panel: PanelId): void {
    if (this.shows.view(panel)) this.panel = panel;
  }

  /** Takes back the last change or deed, and goes on with the run that it ended. */
  undo(): void {
    if (this.undoing.undo()) this.problems = {};
  }

  /** There is a run to go on with in the place of what waits. */
  get canCallOff(): boolean {
    return this.openings.waits !== null && this.ready;
  }

  /** Calls off what waits: the open run goes on, and the controls speak of it again. */
  callOff(): void {
    const { waits } = this.openings;
    this.openings.cancel();
    this.playback.asBefore();
    if (waits?.asControls !== true) return;
    this.following.run();
    this.problems = {};
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
    return (await this.machine.ask(command, how))?.find((reply) => reply.type === "file") ?? null;
  }

  /** Puts the weights of a file into the distilled student; says whether it took them. */
  private async load(bytes: Uint8Array, file: string): Promise<boolean> {
    const ended = await this.keeper.standing(this.playback.stopped === null);
    const replies = await this.tell({ type: "load_weights", role: "distilled", bytes }, { file });
    if (replies?.some((reply) => reply.type === "error") !== false) return false;
    if (ended !== null) this.config.ended(ended, null);
    // It stands at the same step with other weights, which would be lost with it.
    this.keeper.reset();
    this.screen.touch();
    this.screen.history.handled = true;
    this.questions.lookAgain();
    this.notices.say("good", "notice.weights_loaded");
    return true;
  }

  // ---- For tests ----------------------------------------------------------------------------------------------------------------

  poke(type: "lose_device" | "crash"): void {
    this.machine.poke(type);
  }

  // ---- The engine ---------------------------------------------------------------------------------------------------------------

  private get ready(): boolean {
    return this.machine.isUp && this.running;
  }

  /** Play begins a run: an experiment that the engine refused is tried again, so that its message is seen again. */
  private get anew(): boolean {
    if (!this.machine.isUp) return false;
    const { waits } = this.openings;
    // What waits takes the place of a run that nothing was done to.
    if (waits !== null) return waits.asControls && this.screen.untouched;
    return !this.running || this.following.reopens;
  }

  /** What opens the experiment of the controls. */
  private get asControls(): Command {
    return openCommand(this.config.preset, this.config.values);
  }

  /** Sends a command and shows what comes of it. */
  private async tell(command: Command, how: Sending = {}): Promise<Reply[] | null> {
    const { drawings } = this.screen;
    const replies = await this.machine.ask(command, how);
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

  /** Opens a run, if nothing is lacking. `again` is the number of an earlier run that goes on. */
  private async begin(command: Command, history: RunHistory, how: Sending & { again?: number | undefined } = {}): Promise<Answer> {
    const replies = await this.machine.ask(command, how);
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
    this.running = true;
    this.playback.stopped = null;
    this.problems = {};
    this.following.begun();
    this.questions.begin(opened, summary);
    this.screen.begin(opened, history);
    for (const reply of replies) if (reply !== opened) this.show(reply);
    this.questions.lookAgain();
    if (!this.lookedBack) {
      this.lookedBack = true;
      // The store may take its time, or never answer.
      void this.recovery.lookBack();
    }
    return true;
  }

  /** Goes on with a run where it was left, if nothing is lacking. */
  private async resumeNow(saved: Saved): Promise<Answer> {
    this.following.openNoMore();
    const answer = await this.playback.still(() => this.begin({ type: "resume", bytes: saved.bytes }, thaw(saved.curves), { again: saved.run }));
    if (answer === true) {
      this.keeper.reset(saved);
      this.screen.stand(saved);
    }
    return answer;
  }

  private died(error: EngineError): void {
    this.running = false;
    this.openings.lost();
    this.notices.fail(error);
  }

  private down(): void {
    this.playback.playing = false;
    this.openings.cancel();
  }

  private async up(): Promise<void> {
    if (this.screen.summary === null) await this.openFirst();
    else await this.bringBack();
    await this.playback.goOn();
  }

  private async bringBack(): Promise<void> {
    await this.openings.regain((reopen) => this.recovery.bringBack(reopen));
    this.following.controls();
  }

  /** What Play begins: a run that could not be brought back to a new Worker, for want of a file, before any other. */
  private async beginToPlay(): Promise<void> {
    if (this.running || this.keeper.saved === null) return this.restart(true);
    this.playback.playing = true;
    await this.bringBack();
    if (!this.ready) this.playback.playing = false;
    await this.playback.goOn();
  }

  private async openFirst(): Promise<void> {
    // An address can hold values that contradict each other: then the preset alone is opened, and what is wrong stays beside its knob.
    if (refusal(await this.openings.open(() => this.begin(this.asControls, new RunHistory()), { asControls: true })) !== null) {
      const { problems } = this;
      await this.openings.open(() => this.begin(openCommand(this.config.preset, {}), new RunHistory()));
      this.problems = problems;
    }
  }
}
