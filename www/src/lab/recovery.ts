/** What comes back: after the death of a Worker the run that was open, after a reload what earlier visits left. */
import type { Command } from "../engine/protocol";
import type { RunHistory } from "./history";
import type { Keeper } from "./keeper";
import type { Notices } from "./notices.svelte";
import { refusal, type Answer } from "./openings.svelte";
import type { Runs } from "./runs/runs.svelte";
import { unshelve } from "./runs/shelf";
import type { Screen } from "./screen.svelte";
import { forget, recall, remember, type Saved } from "./store";

/** What bringing back needs of the laboratory. */
interface Host {
  /** Opens a run, in a single attempt, which goes on with these curves. */
  begin(command: Command, history?: RunHistory): Promise<Answer>;
  /** The experiment with which the shown run began. */
  opening(): Command;
  /** Goes on with an earlier run in the place of the open one. */
  goOn(saved: Saved): Promise<Answer>;
  /** Something was done that Undo takes back by `back`. */
  did(back: () => void): void;
}

/** The checkpoint is no good. A network that is away says nothing against it. */
function speaksAgainst(answer: Answer): boolean {
  const refused = refusal(answer);
  return refused !== null && refused.code !== "not_fetched";
}

export class Recovery {
  constructor(
    private readonly screen: Screen,
    private readonly runs: Runs,
    private readonly keeper: Keeper,
    private readonly notices: Notices,
    private readonly host: Host,
  ) {}

  /** After a death: the run goes on from its last checkpoint, or begins again. `reopen` fetches what an attempt lacks. */
  async bringBack(reopen: (attempt: () => Promise<Answer>) => Promise<Answer>): Promise<void> {
    const { saved } = this.keeper;
    const { finished, untouched, history } = this.screen;
    const answer = saved === null ? null : await reopen(() => this.host.begin({ type: "resume", bytes: saved.bytes }, history));
    if (saved !== null && answer === true) {
      this.screen.stand(saved);
      if (finished) this.notices.say("good", "notice.back");
      else this.notices.say("warn", "notice.resumed", { step: saved.step });
    } else if (saved === null || speaksAgainst(answer)) {
      const anew = await reopen(() => this.host.begin(this.host.opening()));
      if (anew === true && !untouched) this.notices.say("warn", "notice.begun_again");
    }
  }

  /** What earlier visits left: their runs, and a checkpoint to go on from. */
  async lookBack(): Promise<void> {
    const kept = await unshelve();
    if (this.screen.summary === null) return;
    this.runs.load(kept, this.screen.opening);
    const saved = await recall();
    if (saved === null || saved.finished || saved.step === 0 || !this.screen.untouched) return;
    this.offer(saved);
  }

  /** Goes on with the run that an earlier visit left. */
  async resume(saved: Saved): Promise<void> {
    const answer = await this.host.goOn(saved);
    if (speaksAgainst(answer)) void forget();
    else if (answer !== true && answer !== "overtaken") this.offer(saved);
  }

  private offer(saved: Saved): void {
    this.notices.say("good", "notice.resume", { step: saved.step, steps: saved.steps, preset: saved.preset }, [
      { label: "action.resume", act: () => void this.resume(saved) },
      { label: "action.discard", act: () => this.discard(saved) },
    ]);
  }

  private discard(saved: Saved): void {
    void forget();
    this.host.did(() => {
      // A checkpoint that was taken since is newer.
      if (this.keeper.saved === null) void remember(saved);
      this.offer(saved);
    });
    this.notices.say("good", "notice.discarded");
  }
}
