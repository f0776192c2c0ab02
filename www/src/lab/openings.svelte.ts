/**
 * Opens runs. What one lacks of the files that are shipped beside the engine is fetched first; meanwhile the open run goes on, and what is
 * opened later wins: a file that arrives late must not replace what the visitor has turned to since.
 */
import type { EngineError, Part } from "../engine/protocol";
import { lacked } from "../engine/shipped";

/** The run is open, or what speaks against it; null where the Worker died, `overtaken` where another was opened, or none wanted, meanwhile. */
export type Answer = true | EngineError | "overtaken" | null;

export function refusal(answer: Answer): EngineError | null {
  return typeof answer === "object" ? answer : null;
}

export class Openings {
  /** The file for which the newest run waits; `asControls` where that run is to be as the controls say by then. */
  waits = $state.raw<{ part: Part; asControls: boolean } | null>(null);
  private newest = 0;

  /** `bring` fetches a file for the engine and says what was wrong. */
  constructor(private readonly bring: (part: Part) => Promise<EngineError | null>) {}

  /** Opens a run by `attempt`, which is repeated with each file that was fetched for it; `refuse` is told where one cannot be had. */
  async open(attempt: () => Promise<Answer>, refuse: (error: EngineError) => void, asControls = false): Promise<Answer> {
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
      const problem = brought.includes(part) ? refused : await this.bring(part);
      if (mine !== this.newest) return "overtaken";
      this.waits = null;
      if (problem !== null) {
        refuse(problem);
        return problem;
      }
      brought.push(part);
    }
  }

  /** What waits is wanted no more. */
  cancel(): void {
    this.newest += 1;
    this.waits = null;
  }
}
