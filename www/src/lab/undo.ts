/** Takes back the last change or deed, and goes on with the run that it ended. */
import { lacked } from "../engine/shipped";
import type { Config, Snapshot } from "./config.svelte";
import { refusal, type Answer, type Openings } from "./openings.svelte";
import type { Saved } from "./store";

/** What undoing needs of the laboratory. */
interface Host {
  /** A run is open and its engine is up. */
  ready(): boolean;
  /** An engine is on its way. */
  starting(): boolean;
  /** Goes on with a run where it was left, if nothing is lacking. */
  resume(run: Saved): Promise<Answer>;
  /** The controls follow the open run, or it follows them. */
  adopt(): void;
  follow(): void;
}

export class Undo {
  constructor(
    private readonly config: Config,
    private readonly openings: Openings,
    private readonly host: Host,
  ) {}

  /** Says whether there was anything to take back. */
  undo(): boolean {
    // The run would be lost with a Worker that cannot take it yet.
    if (this.config.last?.run != null && this.host.starting()) return false;
    const { preset, values } = this.config;
    const last = this.config.undo();
    if (last === null) return false;
    last.back?.();
    if (last.run !== null && this.host.ready()) void this.goBack(last.run, last, { preset, values }).then(() => this.host.follow());
    else this.host.follow();
    return true;
  }

  /** Goes on with a run. Where that has to wait, or its Worker dies, the undo waits with it: the controls speak of the open run. */
  private goBack(run: Saved, last: Snapshot, before: Pick<Snapshot, "preset" | "values">): Promise<Answer> {
    let undone = true;
    return this.openings.open(async () => {
      const answer = await this.host.resume(run);
      const refused = refusal(answer);
      if (undone && (answer === null || (refused !== null && lacked(refused) !== null))) {
        this.config.redo(last, before);
        undone = false;
      } else if (answer === true && !undone) {
        if (this.config.last === last) this.config.undo();
        else this.host.adopt();
      }
      return answer;
    });
  }
}
