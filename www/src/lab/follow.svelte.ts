/** The controls and the open run keep together: the run follows the controls as far as that costs no step, and they follow a run that was opened otherwise. */
import type { Command, EngineError, Reply } from "../engine/protocol";
import type { Config, Snapshot } from "./config.svelte";
import { KNOBS, applies, same, type Values } from "./knobs";
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
  /** Restart knobs wait for a new run. */
  pending(): boolean;
  restart(play: boolean): Promise<void>;
  /** Sends a command and shows what comes of it. */
  tell(command: Command, how: Sending): Promise<Reply[] | null>;
  /** The engine refused what nothing waits with. */
  refuse(error: EngineError): void;
  /** A live knob was turned. */
  turned(): void;
}

interface Turned {
  key: string;
  value: string;
}

interface Refused extends Turned {
  error: EngineError;
}

function contradicts({ error }: Refused): boolean {
  return error.code === "conflict";
}

export class Follow {
  /** Live knobs that contradict the open run, and wait for a new one with the restart knobs that they may suit. */
  private held = $state.raw<Values>({});
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

  /** The live knob waits for a new run. */
  holds(key: string): boolean {
    return this.held[key] !== undefined && this.held[key] === this.config.values[key];
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
    if (!this.host.pending()) this.held = {};
    const { values } = this.config;
    const live = KNOBS.filter((knob) => knob.live && values[knob.key] !== undefined && applies(knob, values) && !same(knob, values[knob.key], summary.values[knob.key]));
    if (live.length > 0) void this.set(live.map(({ key }) => ({ key, value: values[key]! })));
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

  /** Another run is open: nothing has contradicted it yet. */
  begun(): void {
    this.held = {};
  }

  private async set(turned: readonly Turned[]): Promise<void> {
    const answers = await Promise.all(turned.map(async (one) => ({ ...one, replies: await this.host.tell({ type: "set", ...one }, { latest: `set ${one.key}`, quiet: true }) })));
    const taken = answers.filter(({ replies }) => replies?.some(({ type }) => type === "changed"));
    const refused = answers.flatMap(({ key, value, replies }) => {
      const error = replies?.find((reply) => reply.type === "error");
      // A knob that was turned on meanwhile has an answer of its own.
      return error === undefined || this.config.values[key] !== value ? [] : [{ key, value, error }];
    });
    if (taken.length > 0) this.host.turned();
    // What was taken since may be what a refused knob needs.
    const again = taken.length === 0 ? [] : refused.filter(contradicts);
    for (const one of refused) if (!again.includes(one)) this.refused(one);
    if (again.length > 0) await this.set(again.map(({ key, value }) => ({ key, value })));
  }

  private refused(one: Refused): void {
    const { key, value, error } = one;
    if (contradicts(one) && this.host.pending()) {
      this.held = { ...this.held, [key]: value };
      return;
    }
    this.host.refuse(error);
    const held = this.screen.summary?.values[key];
    if (held !== undefined) this.config.correct(key, held);
  }
}
