/**
 * Trains whole runs in a Worker of its own, on the CPU backend, beside the race that one sees. The Worker is there only while there is
 * something to train: `end` takes it away in the midst of a step.
 */
import { Client, Gone, type WorkerLike } from "../../engine/client";
import { VERSION, failure, type EngineError, type Evaluation, type Opened, type Outcome, type Reply } from "../../engine/protocol";
import { nextSteps } from "../../engine/pump";
import { sendWithParts } from "../../engine/shipped";
import { RunHistory } from "../history";
import type { Values } from "../knobs";
import { differing } from "../url";

/** How a run ended: its verdict, and the last evaluation of each network. */
export interface Ended extends Outcome {
  networks: readonly Evaluation[];
}

export interface Trained {
  outcome: Ended;
  parameters: { teacher: number; student: number };
  /** Steps of the run, the teacher's own among them. */
  steps: number;
}

function openedBy(replies: readonly Reply[]): Opened | EngineError {
  const opened = replies.find((reply): reply is Opened => reply.type === "opened");
  return opened ?? replies.find((reply) => reply.type === "error") ?? failure("crashed", "no run was opened");
}

function sizes({ summary }: Opened): Trained["parameters"] {
  const size = (role: string): number => summary.networks.find((network) => network.role === role)?.parameters ?? 0;
  return { teacher: size("teacher"), student: size("distilled") };
}

/** Advances again and again until `heard` makes something of what came of so many steps. */
async function advanced<T>(client: Client, type: "advance" | "advance_cohort", heard: (chunk: number, events: readonly Reply[]) => T | null): Promise<T> {
  for (let chunk = 10; ; ) {
    const begin = performance.now();
    const found = heard(chunk, await client.send({ type, steps: chunk }));
    if (found !== null) return found;
    chunk = nextSteps(chunk, performance.now() - begin);
  }
}

export class Background {
  private client: Client | null = null;

  constructor(private readonly spawn: () => WorkerLike) {}

  /**
   * Trains a run to its end; `progress` hears the share that is made. Resolves to an error where the engine refuses the run or its loss is
   * not finite; rejects with `Gone` when the Worker died or was ended.
   */
  async train(preset: string, values: Values, progress: (share: number) => void): Promise<Trained | EngineError> {
    const client = await this.start();
    const opened = openedBy(await sendWithParts(client, { type: "open", preset, version: VERSION, set: differing(preset, values) }));
    if (opened.type === "error") return opened;
    const steps = opened.summary.teacher_steps + opened.summary.student_steps;
    const history = new RunHistory();
    let made = 0;
    return advanced(client, "advance", (chunk, events) => {
      made += chunk;
      for (const event of events) {
        if (event.type === "error") return event;
        if (event.type === "evaluated") history.push(event);
        if (event.type === "finished") return { outcome: { ...event.outcome, networks: history.networks }, parameters: sizes(opened), steps };
      }
      progress(Math.min(1, made / steps));
      return null;
    });
  }

  /**
   * Trains runs that differ in the student's loss alone, all in one computation; `all` are their values, `seen` hears how they stand whenever they
   * were tested. In the place of a run whose numbers are not finite is null, on the way and in the end. Resolves to an error where they cannot be one computation.
   */
  async trainTogether(preset: string, all: readonly Values[], progress: (share: number) => void, seen: (runs: readonly (Ended | null)[]) => void): Promise<(Trained | null)[] | EngineError> {
    const client = await this.start();
    const first = all[0] ?? {};
    const own = (values: Values): Values => Object.fromEntries(Object.entries(values).filter(([key, value]) => first[key] !== value));
    const opened = openedBy(await sendWithParts(client, { type: "open_cohort", preset, version: VERSION, set: differing(preset, first), students: all.map(own) }));
    if (opened.type === "error") return opened;
    const { teacher_steps: before, student_steps: steps } = opened.summary;
    return advanced(client, "advance_cohort", (_, events) => {
      for (const event of events) {
        if (event.type === "error") return event;
        if (event.type !== "cohort") continue;
        const { phase, step, students } = event;
        const ended = students.map(({ outcome, networks, finite }) => (finite ? { ...outcome, networks } : null));
        // Their teacher was trained once.
        const trained = (outcome: Ended, at: number): Trained => ({ outcome, parameters: sizes(opened), steps: steps + (at === 0 ? before : 0) });
        if (phase === "finished") return ended.map((outcome, at) => (outcome === null ? null : trained(outcome, at)));
        if (ended.length > 0) seen(ended);
        progress(((phase === "teacher" ? 0 : before) + step) / (before + steps));
      }
      return null;
    });
  }

  /** Ends the Worker; what it was at is rejected. */
  end(): void {
    this.client?.end(failure("stopped", "the sweep was stopped"));
    this.client = null;
  }

  private async start(): Promise<Client> {
    if (this.client !== null) return this.client;
    const quiet = (): void => undefined;
    const client = new Client(this.spawn(), { loading: quiet, testing: quiet, took: quiet, died: () => this.client === client && (this.client = null) });
    this.client = client;
    const started = await client.start("cpu");
    if (typeof started === "string") throw new Gone(failure("not_started", started));
    return client;
  }
}
