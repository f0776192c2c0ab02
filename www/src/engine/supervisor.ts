/**
 * Keeps an engine alive. WebGPU first, the CPU backend when it cannot be had, fails its self-test or fails twice; a new Worker after every
 * death. Whoever uses it is told of each death and of each new engine, and brings its run back itself.
 */
import { Client, Gone, type WorkerLike } from "./client";
import { failure, type Command, type CpuReason, type EngineError, type Reply, type Started, type ToWorker, type Wanted } from "./protocol";

/**
 * What WebGPU itself may take to find an adapter, and then to start: software adapters need up to half of it to compile the self-test's
 * shaders. The download in between is no fault of WebGPU's, and would only begin again for the CPU: a line that is dead the browser gives up.
 */
const START_LIMIT_MS = 90_000;

/** Deaths without any success in between after which nothing more is tried by itself. */
const PATIENCE = 3;

interface SupervisorHooks {
  /** Share of the wasm that has arrived, 0 to 1. */
  loading(share: number): void;
  testing(): void;
  died(error: EngineError): void;
  /** A fresh engine without a run. */
  up(started: Started, reason: CpuReason | null): void;
  /** How long the engine itself took for a command. */
  took(command: Command, ms: number): void;
  /** Every attempt failed; `retry` starts over. */
  down(error: EngineError): void;
}

export class Supervisor {
  private client: Client | null = null;
  private gpuDeaths = 0;
  private deaths = 0;
  private backend: Wanted = "auto";

  constructor(
    private readonly spawn: () => WorkerLike,
    private readonly hooks: SupervisorHooks,
    private readonly wanted: Wanted,
  ) {}

  /** Starts an engine; the hooks say how it went. */
  async start(): Promise<void> {
    if (this.wanted === "cpu") return this.launch("cpu", "asked");
    if (this.gpuDeaths >= 2) return this.launch("cpu", "failed_twice");
    return this.launch(this.wanted, null);
  }

  /** Starts over after `down`. */
  async retry(): Promise<void> {
    this.gpuDeaths = 0;
    this.deaths = 0;
    await this.start();
  }

  /** Carries out a command; rejects with `Gone` when the Worker dies meanwhile. See `Client.send`. */
  async send(command: Command, latest?: string): Promise<Reply[]> {
    if (this.client === null) throw new Gone(failure("crashed", "no engine is running"));
    const replies = await this.client.send(command, latest);
    if (command.type === "advance") this.deaths = 0;
    return replies;
  }

  /** For tests. */
  poke(message: Extract<ToWorker, { type: "lose_device" | "crash" }>): void {
    this.client?.poke(message);
  }

  private async launch(wanted: Wanted, reason: CpuReason | null): Promise<void> {
    this.backend = wanted;
    let limit: ReturnType<typeof setTimeout> | undefined;
    const counts = (): void => {
      if (wanted !== "cpu") limit ??= setTimeout(() => client.end(failure("too_slow", "WebGPU did not start in time")), START_LIMIT_MS);
    };
    const rests = (): void => {
      clearTimeout(limit);
      limit = undefined;
    };
    const client = new Client(this.spawn(), {
      loading: (share) => {
        if (share < 1) rests();
        else counts();
        this.hooks.loading(share);
      },
      testing: () => {
        counts();
        this.hooks.testing();
      },
      took: (command, ms) => this.hooks.took(command, ms),
      // A death during the start is seen by the catch below.
      died: (error) => this.client === client && this.died(error),
    });
    counts();
    try {
      const outcome = await client.start(wanted);
      if (typeof outcome === "string") return await this.refused(client, outcome);
      if (outcome.selfTest?.passed === false) return await this.refused(client, "self_test");
      this.client = client;
      this.hooks.up(outcome, reason);
    } catch (thrown) {
      if (!(thrown instanceof Gone)) throw thrown;
      await this.unstarted(wanted, thrown.error);
    } finally {
      rests();
    }
  }

  /** WebGPU will not do: the CPU backend takes over. */
  private async refused(client: Client, reason: CpuReason): Promise<void> {
    client.end(failure(reason, reason));
    await this.launch("cpu", reason);
  }

  private async unstarted(wanted: Wanted, error: EngineError): Promise<void> {
    if (wanted === "cpu") return this.hooks.down(error);
    // What cannot be downloaded for WebGPU cannot be downloaded for the CPU either.
    if (error.code === "not_loaded") return this.hooks.down(error);
    await this.launch("cpu", error.code === "too_slow" ? "too_slow" : "failed");
  }

  private died(error: EngineError): void {
    this.client = null;
    this.deaths += 1;
    if (this.backend !== "cpu") this.gpuDeaths += 1;
    this.hooks.died(error);
    if (this.deaths >= PATIENCE) return this.hooks.down(error);
    void this.start();
  }
}
