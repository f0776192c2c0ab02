/**
 * Opens runs. What one lacks of the files that are shipped beside the engine is fetched first; meanwhile the open run goes on, and what is
 * opened later wins: a file that arrives late must not replace what the visitor has turned to since.
 */
import type { EngineError, Part } from "../engine/protocol";
import { lacked } from "../engine/shipped";
import type { Snapshot } from "./config.svelte";
import type { Saved } from "./store";

/** The run is open, or what speaks against it; null where the Worker died, `overtaken` where another was opened, or none wanted, meanwhile. */
export type Answer = true | EngineError | "overtaken" | null;

export function refusal(answer: Answer): EngineError | null {
  return typeof answer === "object" ? answer : null;
}

/** `asControls`: the run is to be as the controls say by the time it is opened. `quiet` tells of no file that cannot be had, `file` is where the run came from. */
interface Opening {
  asControls?: boolean;
  quiet?: boolean;
  file?: string;
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

export class Openings {
  /** The file for which the newest run waits. */
  waits = $state.raw<{ part: Part; asControls: boolean } | null>(null);
  private newest = 0;
  private replacing: Promise<unknown> = Promise.resolve();

  constructor(private readonly host: Host) {}

  /** Opens a run by `attempt`, which is repeated with each file that was fetched for it. */
  async open(attempt: () => Promise<Answer>, { asControls = false, quiet = false, file }: Opening = {}): Promise<Answer> {
    this.cancel();
    const mine = this.newest;
    const brought: Part[] = [];
    for (;;) {
      const answer = await attempt();
      const refused = refusal(answer);
      const part = refused === null ? null : lacked(refused);
      if (refused === null || part === null) return answer;
      if (mine !== this.newest) return "overtaken";
      this.waits = { part, asControls };
      const problem = brought.includes(part) ? refused : await this.host.bring(part);
      if (mine !== this.newest) return "overtaken";
      this.waits = null;
      if (problem !== null) {
        if (!quiet) this.host.refuse(problem, file);
        return problem;
      }
      brought.push(part);
    }
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
    this.newest += 1;
    this.waits = null;
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
