/**
 * The laboratory: what the visitor does becomes commands to the engine, what the engine answers becomes state of the page. Everything that
 * is lost with a Worker is brought back here.
 */
import { Gone, type WorkerLike } from "../engine/client";
import { VERSION, type Command, type CpuReason, type EngineError, type Opened, type Reply, type Started } from "../engine/protocol";
import { bring, lacked } from "../engine/shipped";
import { Supervisor } from "../engine/supervisor";
import type { Locale } from "../i18n/locale";
import type { PanelId } from "./closer/ids";
import { Sight } from "./access/sight.svelte";
import { Config, type Snapshot } from "./config.svelte";
import { thaw } from "./curves";
import { Drawing } from "./draw/drawing.svelte";
import { RunHistory } from "./history";
import { Intake, type Sending } from "./intake";
import { Keeper } from "./keeper";
import { KNOBS, applies, differences, findKnob, presetValues, same, type Values } from "./knobs";
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
import { differing, type Link } from "./url";
import type { Guess } from "./verdict";

export type EngineState =
  | { is: "loading"; share: number }
  | { is: "testing" }
  | { is: "up"; started: Started; reason: CpuReason | null }
  | { is: "down"; error: EngineError };

function openCommand(preset: string, values: Values): Command {
  return { type: "open", preset, version: VERSION, set: differing(preset, values) };
}

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

  readonly openings = new Openings({
    bring: (part) => bring({ send: async (command) => (await this.ask(command)) ?? [] }, part),
    refuse: (error, file) => this.refuse(error, file),
    standing: () => this.keeper.standing(this.playback.stopped === null),
    ended: (run, change) => this.config.ended(run, change),
  });
  private readonly supervisor: Supervisor;
  private readonly keeper = new Keeper(this.screen, this.runs, () => this.ask({ type: "save" }, { quiet: true }));
  readonly playback = new Playback(this.screen, this.questions, this.keeper, {
    ready: () => this.ready,
    anew: () => this.anew,
    begin: () => this.beginToPlay(),
    tell: (command) => this.tell(command),
    lesson: () => this.lesson,
  });
  readonly intake = new Intake({
    open: (command, how) => this.openings.replace(() => this.playback.still(() => this.begin(command, new RunHistory(), how)), () => this.adopt(), how),
    load: (bytes, file) => this.playback.still(() => this.load(bytes, file)),
    refuse: (error, file) => this.refuse(error, file),
  });
  readonly recovery = new Recovery(this.screen, this.runs, this.keeper, this.notices, {
    begin: (command, history = new RunHistory()) => this.begin(command, history),
    opening: () => openCommand(this.screen.summary?.preset ?? this.config.preset, this.screen.opening),
    did: (back) => this.config.did(back),
    goOn: (saved) => this.openings.replace(() => this.resumeNow(saved), () => this.adopt()),
  });
  /** What earlier visits left was looked for. */
  private lookedBack = false;
  /** The engine has the run that is shown. */
  private running = $state(false);
  private reopening: ReturnType<typeof setTimeout> | undefined;

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

  /** Takes back the last change or deed, and goes on with the run that it ended. */
  undo(): void {
    // The run would be lost with a Worker that cannot take it yet.
    if (this.config.last?.run != null && (this.engine.is === "loading" || this.engine.is === "testing")) return;
    const { preset, values } = this.config;
    const last = this.config.undo();
    if (last === null) return;
    this.problems = {};
    const { run } = last;
    last.back?.();
    if (run !== null && this.ready) void this.goBack(run, last, { preset, values }).then(() => this.follow());
    else this.follow();
  }

  /** Goes on with the run of an undo. Where that has to wait, or its Worker dies, the undo waits with it: the controls speak of the open run. */
  private goBack(run: Saved, last: Snapshot, before: Pick<Snapshot, "preset" | "values">): Promise<Answer> {
    let undone = true;
    return this.openings.open(async () => {
      const answer = await this.resumeNow(run);
      const refused = refusal(answer);
      if (undone && (answer === null || (refused !== null && lacked(refused) !== null))) {
        this.config.redo(last, before);
        undone = false;
      } else if (answer === true && !undone) {
        if (this.config.last === last) this.config.undo();
        else this.adopt();
      }
      return answer;
    });
  }

  /** There is a run to go on with in the place of what waits. */
  get canCallOff(): boolean {
    return this.openings.waits !== null && this.ready;
  }

  /** Calls off what waits: the open run goes on, and the controls speak of it again. */
  callOff(): void {
    const { waits } = this.openings;
    const { summary } = this.screen;
    this.openings.cancel();
    this.playback.asBefore();
    if (waits?.asControls !== true || summary === null) return;
    this.config.take(summary.preset, summary.values);
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
    return (await this.ask(command, how))?.find((reply) => reply.type === "file") ?? null;
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
    this.notices.say("good", "notice.weights_loaded");
    return true;
  }

  // ---- For tests ----------------------------------------------------------------------------------------------------------------

  poke(type: "lose_device" | "crash"): void {
    this.supervisor.poke({ type });
  }

  // ---- The engine ---------------------------------------------------------------------------------------------------------------

  private get ready(): boolean {
    return this.engine.is === "up" && this.running;
  }

  /** Play begins a run: an experiment that the engine refused is tried again, so that its message is seen again. */
  private get anew(): boolean {
    if (this.engine.is !== "up") return false;
    const { waits } = this.openings;
    // What waits takes the place of a run that nothing was done to.
    if (waits !== null) return waits.asControls && this.screen.untouched;
    return !this.running || this.reopening !== undefined;
  }

  /** What opens the experiment of the controls. */
  private get asControls(): Command {
    return openCommand(this.config.preset, this.config.values);
  }

  /** Sends a command; null when the Worker died meanwhile, which `died` and `up` deal with. */
  private async ask(command: Command, how: Sending = {}): Promise<Reply[] | null> {
    try {
      const replies = await this.supervisor.send(command, how.latest);
      // What can be fetched is no news yet.
      for (const reply of replies) if (reply.type === "error" && how.quiet !== true && lacked(reply) === null) this.refuse(reply, how.file);
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

  /** Opens a run, if nothing is lacking. `again` is the number of an earlier run that goes on. */
  private async begin(command: Command, history: RunHistory, how: Sending & { again?: number | undefined } = {}): Promise<Answer> {
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
    this.running = true;
    this.playback.stopped = null;
    this.problems = {};
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
    this.openNoMore();
    const answer = await this.playback.still(() => this.begin({ type: "resume", bytes: saved.bytes }, thaw(saved.curves), { again: saved.run }));
    if (answer === true) {
      this.keeper.reset(saved);
      this.screen.stand(saved);
    }
    return answer;
  }

  /** The controls follow the run that was opened from a file. Returns the change that this is, if it is one. */
  private adopt(): Snapshot | null {
    const { summary } = this.screen;
    return summary !== null && this.config.take(summary.preset, summary.values) ? this.config.last : null;
  }

  /** The run follows the controls, as far as that costs no step. */
  private follow(): void {
    const { summary } = this.screen;
    if (summary === null || !this.ready) return;
    if (this.openings.waits?.asControls === true) {
      // The controls speak of the run that comes, unless they say again what the open one is.
      if (this.pending.length > 0) return;
      this.openings.cancel();
      this.playback.asBefore();
    }
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
    this.running = false;
    this.openings.lost();
    this.engine = { is: "loading", share: 0 };
    this.notices.fail(error);
  }

  private down(error: EngineError): void {
    this.playback.playing = false;
    this.openings.cancel();
    this.engine = { is: "down", error };
  }

  private async up(started: Started, reason: CpuReason | null): Promise<void> {
    this.engine = { is: "up", started, reason };
    if (this.screen.summary === null) await this.openFirst();
    else await this.bringBack();
    await this.playback.goOn();
  }

  private async bringBack(): Promise<void> {
    await this.openings.regain((reopen) => this.recovery.bringBack(reopen));
    this.follow();
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
