/**
 * Trains whole runs in a Worker of its own, on the CPU backend, beside the race that one sees. The Worker is there only while there is
 * something to train: `end` takes it away in the midst of a step.
 */
import { Client, Gone, type WorkerLike } from "../../engine/client";
import { VERSION, failure, type EngineError, type Evaluation, type Opened, type Outcome } from "../../engine/protocol";
import { nextSteps } from "../../engine/pump";
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

export class Background {
  private client: Client | null = null;

  constructor(private readonly spawn: () => WorkerLike) {}

  /**
   * Trains a run to its end; `progress` hears the share that is made. Resolves to an error where the engine refuses the run or its loss is
   * not finite; rejects with `Gone` when the Worker died or was ended.
   */
  async train(preset: string, values: Values, progress: (share: number) => void): Promise<Trained | EngineError> {
    const client = await this.start();
    const replies = await client.send({ type: "open", preset, version: VERSION, set: differing(preset, values) });
    const opened = replies.find((reply): reply is Opened => reply.type === "opened");
    if (opened === undefined) return replies.find((reply) => reply.type === "error") ?? failure("crashed", "no run was opened");
    const { summary } = opened;
    const steps = summary.teacher_steps + summary.student_steps;
    const size = (role: string): number => summary.networks.find((network) => network.role === role)?.parameters ?? 0;
    const history = new RunHistory();
    let chunk = 10;
    for (let made = 0; ; progress(Math.min(1, made / steps))) {
      const begin = performance.now();
      const events = await client.send({ type: "advance", steps: chunk });
      made += chunk;
      for (const event of events) {
        if (event.type === "error") return event;
        if (event.type === "evaluated") history.push(event);
        if (event.type === "finished") return { outcome: { ...event.outcome, networks: history.networks }, parameters: { teacher: size("teacher"), student: size("distilled") }, steps };
      }
      chunk = nextSteps(chunk, performance.now() - begin);
    }
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
