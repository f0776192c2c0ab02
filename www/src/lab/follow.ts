/** The controls and the open run keep together: the run follows the controls as far as that costs no step, and they follow a run that was opened otherwise. */
import type { Command, Reply } from "../engine/protocol";
import type { Config, Snapshot } from "./config.svelte";
import { KNOBS, applies, same } from "./knobs";
import type { Sending } from "./machine.svelte";
import type { Openings } from "./openings.svelte";
import type { Playback } from "./playback.svelte";
import type { Screen } from "./screen.svelte";

/** A dragged slider is not worth a new run per pixel. */
const REOPEN_MS = 250;

/** What following needs of the laboratory. */
interface Host {
  /** A run is open and its engine is up. */
  ready(): boolean;
  /** Knobs wait for a new run. */
  pending(): boolean;
  restart(play: boolean): Promise<void>;
  /** Sends a command and shows what comes of it. */
  tell(command: Command, how: Sending): Promise<Reply[] | null>;
  /** A live knob was turned. */
  turned(): void;
}

export class Follow {
  private reopening: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly config: Config,
    private readonly screen: Screen,
    private readonly openings: Openings,
    private readonly playback: Playback,
    private readonly host: Host,
  ) {}

  /** A new run is about to be opened as the controls say. */
  get reopens(): boolean {
    return this.reopening !== undefined;
  }

  /** The run follows the controls. */
  controls(): void {
    const { summary } = this.screen;
    if (summary === null || !this.host.ready()) return;
    if (this.openings.waits?.asControls === true) {
      // The controls speak of the run that comes, unless they say again what the open one is.
      if (this.host.pending()) return;
      this.openings.cancel();
      this.playback.asBefore();
    }
    for (const knob of KNOBS) {
      const value = this.config.values[knob.key];
      if (knob.live && value !== undefined && applies(knob, this.config.values) && !same(knob, value, summary.values[knob.key])) void this.set(knob.key, value);
    }
    if (this.host.pending() && this.screen.untouched && !this.playback.playing) {
      clearTimeout(this.reopening);
      this.reopening = setTimeout(() => void this.host.restart(this.playback.playing), REOPEN_MS);
    }
  }

  /** The controls follow the open run. Returns the change that this is, if it is one. */
  run(): Snapshot | null {
    const { summary } = this.screen;
    return summary !== null && this.config.take(summary.preset, summary.values) ? this.config.last : null;
  }

  /** What waited for a new run is in the one that is opened now. */
  openNoMore(): void {
    clearTimeout(this.reopening);
    this.reopening = undefined;
  }

  private async set(key: string, value: string): Promise<void> {
    const replies = await this.host.tell({ type: "set", key, value }, { latest: `set ${key}` });
    const refused = replies?.some((reply) => reply.type === "error");
    const held = this.screen.summary?.values[key];
    if (refused && held !== undefined && this.config.values[key] === value) this.config.correct(key, held);
    this.host.turned();
  }
}
