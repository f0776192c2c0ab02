/**
 * One Worker, seen from the page: a queue of commands that are carried out strictly one after another and answered in that order.
 * A client lives as long as its Worker; when that dies everything that waits is rejected and a new client is made.
 */
import { failure, type Command, type EngineError, type FromWorker, type Reply, type Started, type ToWorker, type Wanted, type CpuReason } from "./protocol";

/** The part of `Worker` that a client needs; tests give a fake one. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

interface ClientHooks {
  loading(share: number): void;
  testing(): void;
  died(error: EngineError): void;
  /** How long the engine itself took for a command. */
  took(command: Command, ms: number): void;
}

/**
 * Commands that the Worker holds: one that it carries out, and the next, so that it does not wait while the page draws. A longer line would
 * only make a turned knob act later.
 */
const AHEAD = 2;

/** The Worker is gone; `error` says why. */
export class Gone extends Error {
  constructor(readonly error: EngineError) {
    super(error.message);
  }
}

interface Job {
  command: Command;
  /** Jobs of the same kind replace each other while they wait: only the newest view is worth drawing. */
  latest: string | undefined;
  resolve(replies: Reply[]): void;
  reject(error: Gone): void;
}

interface Start {
  resolve(outcome: Started | CpuReason): void;
  reject(error: Gone): void;
}

export class Client {
  private waiting: Job[] = [];
  /** Sent and not answered, oldest first. */
  private flights: { id: number; job: Job }[] = [];
  private starting: Start | null = null;
  private error: EngineError | null = null;
  private next = 0;

  constructor(
    private readonly worker: WorkerLike,
    private readonly hooks: ClientHooks,
  ) {
    worker.onmessage = ({ data }) => this.receive(data);
    worker.onerror = (event) => this.die(failure("crashed", event.message || "the Worker could not be loaded"));
  }

  /** Starts the engine. Resolves to a reason when the Worker declines to use WebGPU. */
  start(wanted: Wanted): Promise<Started | CpuReason> {
    return new Promise((resolve, reject) => {
      this.starting = { resolve, reject };
      this.worker.postMessage({ type: "start", wanted });
    });
  }

  /** Queues a command. With `latest`, one of the same name that still waits is dropped and resolves to no replies. */
  send(command: Command, latest?: string): Promise<Reply[]> {
    if (this.error !== null) return Promise.reject(new Gone(this.error));
    return new Promise((resolve, reject) => {
      if (latest !== undefined) {
        for (const job of this.waiting.filter((old) => old.latest === latest)) job.resolve([]);
        this.waiting = this.waiting.filter((old) => old.latest !== latest);
      }
      this.waiting.push({ command, latest, resolve, reject });
      this.dispatch();
    });
  }

  /** For tests. */
  poke(message: Extract<ToWorker, { type: "lose_device" | "crash" }>): void {
    this.worker.postMessage(message);
  }

  /** Ends the Worker. What waits is rejected with `error`; the hooks are not told. */
  end(error: EngineError): void {
    if (this.error !== null) return;
    this.error = error;
    this.worker.onmessage = null;
    this.worker.onerror = null;
    this.worker.terminate();
    const gone = new Gone(error);
    this.starting?.reject(gone);
    for (const { job } of this.flights) job.reject(gone);
    for (const job of this.waiting) job.reject(gone);
    this.flights = [];
    this.waiting = [];
  }

  private die(error: EngineError): void {
    if (this.error !== null) return;
    this.end(error);
    this.hooks.died(error);
  }

  private dispatch(): void {
    if (this.flights.length >= AHEAD) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    const id = this.next++;
    this.flights.push({ id, job });
    this.worker.postMessage({ type: "send", id, command: job.command });
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case "loading":
        return this.hooks.loading(message.share);
      case "testing":
        return this.hooks.testing();
      case "started":
        return this.starting?.resolve(message.started);
      case "no_gpu":
        return this.starting?.resolve(message.reason);
      case "died":
        return this.die(message.error);
      case "replies":
        return this.answer(message.id, message.replies, message.ms);
    }
  }

  private answer(id: number, replies: Reply[], ms: number): void {
    const flight = this.flights.shift();
    if (flight?.id !== id) return this.die(failure("crashed", "the Worker answered out of order"));
    const { job } = flight;
    this.hooks.took(job.command, ms);
    // A device that failed cannot be trusted with the next command.
    const fatal = replies.find((reply): reply is EngineError => reply.type === "error" && reply.fatal);
    if (fatal !== undefined) {
      job.reject(new Gone(fatal));
      return this.die(fatal);
    }
    job.resolve(replies);
    this.dispatch();
  }
}
