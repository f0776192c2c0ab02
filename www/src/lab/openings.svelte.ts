/**
 * Opens runs. What one lacks of the files that are shipped beside the engine is fetched first; meanwhile the open run goes on, and what is
 * opened later wins: a file that arrives late must not replace what the visitor has turned to since.
 */
import type { EngineError, Part } from "../engine/protocol";
import { lacked } from "../engine/shipped";
import type { Snapshot } from "./config.svelte";
import type { Saved } from "./store";

/** Why nobody waits for a run any more: another was opened, or it was called off. */
type Dropped = "overtaken" | "called_off";

/** The run is open, or what speaks against it, or why it is wanted no more; null where the Worker died meanwhile. */
export type Answer = true | EngineError | Dropped | null;

export function refusal(answer: Answer): EngineError | null {
  return typeof answer === "object" ? answer : null;
}

/** `asControls`: the run is to be as the controls say by the time it is opened. `quiet` tells of no file that cannot be had, `file` is where the run came from. */
interface Opening {
  asControls?: boolean;
  quiet?: boolean;
  file?: string;
}

/** The file for which a run waits. */
interface Waiting {
  part: Part;
  asControls: boolean;
}

/** What opening needs of the laboratory. */
interface Host {
  /** Fetches a file for the engine and says what was wrong. */
  bring(part: Part): Promise<EngineError | null>;
  refuse(error: EngineError, file?: string): void;
  /** The open run as it stands; null where nothing would be lost with it. */
  standing(): Promise<Saved | null>;
  /** A run was ended, by that change of the controls or a deed of its own. */
  ended(run: Saved, change: Snapshot | null): void;
}

/** Resolves as `promise` does, or to null as soon as nobody waits for it. */
function unlessDropped<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | null> {
  return Promise.race([promise, new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }))]);
}

export class Openings {
  private wished = $state.raw<Waiting | null>(null);
  private returning = $state.raw<Waiting | null>(null);
  /** Of what was opened last, and of what is brought back: aborted with the answer. */
  private newest = new AbortController();
  private back = new AbortController();
  private replacing: Promise<unknown> = Promise.resolve();
  private deaths = 0;
  /** There from the death of a Worker until the next has the open run again. */
  private absence: { over: Promise<void>; end: () => void } | null = null;

  constructor(private readonly host: Host) {}

  /** What the newest run waits for, or else the one that is brought back to a new Worker. */
  get waits(): Waiting | null {
    return this.wished ?? this.returning;
  }

  /** Opens a run by `attempt`, which is repeated with each file that was fetched for it. */
  open(attempt: () => Promise<Answer>, opening: Opening = {}): Promise<Answer> {
    this.drop("overtaken");
    this.newest = new AbortController();
    return this.withParts(attempt, opening, this.newest.signal, (waiting) => (this.wished = waiting));
  }

  /** Opens a run in the place of the open one, with which Undo goes on. `joined` is, once it is open, the change of the controls that it is part of. */
  replace(attempt: () => Promise<Answer>, joined: () => Snapshot | null, opening: Opening = {}): Promise<Answer> {
    const inTurn = (): Promise<Answer> => {
      // One at a time: a second press must not end the run that the first one is ending.
      const replaced = this.replacing.then(() => this.replaceNow(attempt, joined));
      this.replacing = replaced.catch(() => null);
      return replaced;
    };
    return this.open(inTurn, opening);
  }

  /** What waits is wanted no more. */
  cancel(): void {
    this.drop("called_off");
  }

  /** A Worker died, and with it what it was brought. What waits goes on waiting. */
  lost(): void {
    this.deaths += 1;
    this.back.abort(null);
    this.returning = null;
    if (this.absence !== null) return;
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.absence = { over, end };
  }

  /** Brings the open run back to a new Worker, by attempts that are given up when another run is opened. */
  async regain(bringBack: (reopen: (attempt: () => Promise<Answer>) => Promise<Answer>) => Promise<void>): Promise<void> {
    const { deaths } = this;
    const { signal } = (this.back = new AbortController());
    await bringBack((attempt) => this.withParts(attempt, {}, signal, (waiting) => (this.returning = waiting)));
    if (deaths !== this.deaths) return;
    this.absence?.end();
    this.absence = null;
  }

  private async withParts(attempt: () => Promise<Answer>, { asControls = false, quiet = false, file }: Opening, signal: AbortSignal, wait: (waiting: Waiting | null) => void): Promise<Answer> {
    let brought: Part[] = [];
    for (;;) {
      if (signal.aborted) return signal.reason as Dropped | null;
      const { deaths } = this;
      const answer = await attempt();
      const refused = refusal(answer);
      const part = refused === null ? null : lacked(refused);
      if (refused === null || part === null) return answer;
      if (signal.aborted) return signal.reason as Dropped | null;
      wait({ part, asControls });
      const problem = brought.includes(part) ? refused : await unlessDropped(signal, this.host.bring(part));
      // The file was for a Worker that died. The next has none, and the open run comes back first: later it would take the place of this one.
      const anew = deaths !== this.deaths;
      if (anew && this.absence !== null) await unlessDropped(signal, this.absence.over);
      if (signal.aborted) return signal.reason as Dropped | null;
      wait(null);
      if (!anew && problem !== null) {
        if (!quiet) this.host.refuse(problem, file);
        return problem;
      }
      brought = anew ? [] : [...brought, part];
    }
  }

  private drop(why: Dropped): void {
    this.newest.abort(why);
    this.back.abort(why);
    this.wished = null;
    this.returning = null;
  }

  private async replaceNow(attempt: () => Promise<Answer>, joined: () => Snapshot | null): Promise<Answer> {
    const ended = await this.host.standing();
    const answer = await attempt();
    if (answer !== true) return answer;
    const change = joined();
    if (ended !== null) this.host.ended(ended, change);
    return true;
  }
}
