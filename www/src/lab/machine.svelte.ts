/** The engine as the page sees it: whether there is one, and what it answers. */
import { Gone, type WorkerLike } from "../engine/client";
import type { Command, CpuReason, EngineError, Reply, Started, ToWorker, Wanted } from "../engine/protocol";
import { lacked } from "../engine/shipped";
import { Supervisor } from "../engine/supervisor";

type EngineState =
  | { is: "loading"; share: number }
  | { is: "testing" }
  | { is: "up"; started: Started; reason: CpuReason | null }
  | { is: "down"; error: EngineError };

/** How a command is sent: `latest` lets a later one of its name take its place, `quiet` shows no refusal, `file` is where it came from. */
export interface Sending {
  latest?: string;
  quiet?: boolean;
  file?: string;
}

/** What is told of it. */
interface Hooks {
  /** A fresh engine without a run. */
  up(): void;
  died(error: EngineError): void;
  down(): void;
  /** How long the engine itself took for a command. */
  took(command: Command, ms: number): void;
  refuse(error: EngineError, file?: string): void;
}

export class Machine {
  state = $state.raw<EngineState>({ is: "loading", share: 0 });
  private readonly supervisor: Supervisor;

  constructor(
    spawn: () => WorkerLike,
    wanted: Wanted,
    private readonly hooks: Hooks,
  ) {
    this.supervisor = new Supervisor(
      spawn,
      {
        loading: (share) => (this.state = { is: "loading", share }),
        testing: () => (this.state = { is: "testing" }),
        died: (error) => {
          this.state = { is: "loading", share: 0 };
          hooks.died(error);
        },
        up: (started, reason) => {
          this.state = { is: "up", started, reason };
          hooks.up();
        },
        took: (command, ms) => hooks.took(command, ms),
        down: (error) => {
          this.state = { is: "down", error };
          hooks.down();
        },
      },
      wanted,
    );
  }

  get isUp(): boolean {
    return this.state.is === "up";
  }

  start(): void {
    void this.supervisor.start();
  }

  retry(): void {
    this.state = { is: "loading", share: 0 };
    void this.supervisor.retry();
  }

  /** For tests. */
  poke(type: Extract<ToWorker, { type: "lose_device" | "crash" }>["type"]): void {
    this.supervisor.poke({ type });
  }

  /** Sends a command; null when the Worker died meanwhile, which the hooks deal with. */
  async ask(command: Command, how: Sending = {}): Promise<Reply[] | null> {
    try {
      const replies = await this.supervisor.send(command, how.latest);
      // What can be fetched is no news yet.
      for (const reply of replies) if (reply.type === "error" && how.quiet !== true && lacked(reply) === null) this.hooks.refuse(reply, how.file);
      return replies;
    } catch (thrown) {
      if (thrown instanceof Gone) return null;
      throw thrown;
    }
  }
}
