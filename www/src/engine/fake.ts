/**
 * A stand-in for the Worker, for unit tests and for work on the page without wasm (`?fake` in development). It trains nothing: its curves
 * are made up, so it is never part of a build.
 */
import type { WorkerLike } from "./client";
import presets from "./generated/presets.json";
import { failure, type Command, type Evaluation, type Event, type FromWorker, type Part, type Reply, type Role, type Started, type Summary, type ToWorker, type CpuReason } from "./protocol";

export interface FakeOptions {
  /** Milliseconds per command. */
  delay?: number;
  /** What a start with WebGPU comes to. */
  gpu?: "works" | "inexact" | "dies" | CpuReason;
  /** A command on which it dies. */
  deadly?: Command["type"];
  /** What its presets lack until it is brought; of checkpoints what `resume` does. */
  lacks?: Partial<Record<string, Part>>;
  /** The student of a cohort whose numbers are none. */
  spoilt?: number;
  /** What it answers beside the values of the open run, where that is not what it would answer by itself. */
  answers?: (command: Command, values: Record<string, string>) => Reply[] | null;
}

const EVERY = 25;
const ROLES: Role[] = ["teacher", "alone", "distilled"];
const CEILING: Record<Role, number> = { teacher: 0.97, alone: 0.82, distilled: 0.9 };

export class FakeWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  /** Every command that arrived. */
  readonly seen: Command[] = [];
  ended = false;
  private summary: Summary | null = null;
  private step = 0;
  private readonly brought = new Set<Part>();
  /** Students that learn together. */
  private cohort = 0;

  constructor(private readonly options: FakeOptions = {}) {}

  postMessage(message: ToWorker): void {
    setTimeout(() => this.receive(message), this.options.delay ?? 0);
  }

  terminate(): void {
    this.ended = true;
  }

  private post(data: FromWorker): void {
    if (!this.ended) this.onmessage?.({ data } as MessageEvent<FromWorker>);
  }

  private receive(message: ToWorker): void {
    switch (message.type) {
      case "start":
        return this.start(message.wanted !== "cpu");
      case "send":
        this.seen.push(message.command);
        if (message.command.type === this.options.deadly) return this.post({ type: "died", error: failure("crashed", "no memory") });
        return this.post({ type: "replies", id: message.id, replies: this.options.answers?.(message.command, this.summary?.values ?? {}) ?? this.carryOut(message.command), ms: this.options.delay ?? 0 });
      case "lose_device":
        return this.post({ type: "died", error: failure("device_lost", "destroyed") });
      case "crash":
        return this.post({ type: "died", error: failure("crashed", "on request") });
    }
  }

  private start(webgpu: boolean): void {
    const gpu = this.options.gpu ?? "works";
    const started = (selfTest: Started["selfTest"]): void => {
      this.post({ type: "loading", share: 1 });
      this.post({ type: "started", started: { backend: webgpu ? "webgpu" : "cpu", adapter: webgpu ? "A fake adapter" : "CPU", selfTest } });
    };
    if (!webgpu) return started(null);
    if (gpu === "works") return started({ worst: 2e-6, limit: 1e-4, passed: true, milliseconds: 40 });
    if (gpu === "inexact") return started({ worst: 2e-2, limit: 1e-4, passed: false, milliseconds: 40 });
    if (gpu === "dies") return this.post({ type: "died", error: failure("device_lost", "at start") });
    this.post({ type: "no_gpu", reason: gpu });
  }

  private carryOut(command: Command): Reply[] {
    const { summary } = this;
    switch (command.type) {
      case "open":
        return this.lack(command.preset) ?? this.open(command.preset, command.set);
      case "open_file":
        return [{ ...failure("bad_file", "the fake engine reads no files"), fatal: false }];
      case "resume":
        if (command.bytes.length === 4 && this.lack("resume") !== null) return this.lack("resume")!;
        if (command.bytes.length === 3) return [{ ...failure("weights_missing", "teacher.0.dense.0.weight"), key: "teacher.0.dense.0.weight", fatal: false }];
        if (command.bytes.length !== 4) return [{ ...failure("no_checkpoint", "too short"), fatal: false }];
        this.open("first-light", {});
        this.step = new DataView(command.bytes.buffer).getUint32(0);
        return [{ type: "opened", summary: this.summary! }, this.evaluated()];
      case "save": {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, this.step);
        return [{ type: "file", name: "fake.checkpoint.safetensors", bytes }];
      }
      case "bring":
        this.brought.add(command.part);
        return [{ type: "brought" }];
      case "weights":
        return [{ type: "file", name: "fake.safetensors", bytes: new Uint8Array(4) }];
      case "self_test":
        return [{ type: "self_tested", worst: 0, limit: 1e-4, passed: true, milliseconds: 1 }];
      case "advance":
        return summary === null ? [] : this.advance(command.steps, summary);
      case "open_cohort": {
        const values = { ...presets.find(({ id }) => id === command.preset)?.values, ...command.set } as Record<string, string>;
        if (values["student.kind"] !== "mlp") return [{ ...failure("unavailable", "no MLP"), fatal: false }];
        this.cohort = command.students.length;
        return this.open(command.preset, command.set);
      }
      case "advance_cohort":
        return summary === null ? [] : this.advanceCohort(command.steps, summary);
      case "set": {
        if (summary === null) return [];
        this.summary = { ...summary, values: { ...summary.values, [command.key]: command.value } };
        return [{ type: "changed", step: this.step, key: command.key, value: command.value, summary: this.summary }];
      }
      case "inspect":
        return [this.sample(command.index)];
      case "plane":
      case "ask":
      case "study":
      case "calibration":
      case "dissect":
      case "step_only":
      case "modes":
      case "read":
      case "load_weights":
        return [];
    }
  }

  private lack(preset: string): Reply[] | null {
    const part = this.options.lacks?.[preset];
    return part === undefined || this.brought.has(part) ? null : [{ ...failure("not_brought", part), key: part, fatal: false }];
  }

  private open(id: string, set: Record<string, string>): Reply[] {
    const preset = presets.find((one) => one.id === id) ?? presets[0]!;
    const values = { ...(preset.values as Record<string, string>), ...set };
    this.step = 0;
    this.summary = {
      preset: id,
      values,
      differs: set,
      json: "{}",
      command: `distillery run ${id}`,
      networks: ROLES.map((role) => ({ role, parameters: role === "teacher" ? 85_002 : 1_210, bytes: role === "teacher" ? 340_008 : 4_840, layers: "64 → 10" })),
      classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
      input: [1, 8, 8],
      train_rows: 1258,
      labelled_rows: 100,
      test_rows: 539,
      validation_rows: 0,
      teacher_steps: 0,
      student_steps: Number(values["train.steps"]),
      bits_per_example: { labels: 3.3, top_k: 106, logits: 320, hidden: 8512 },
    };
    return [{ type: "opened", summary: this.summary }];
  }

  private accuracy(role: Role): number {
    return role === "teacher" ? CEILING.teacher : 0.1 + (CEILING[role] - 0.1) * (1 - Math.exp(-this.step / 90)) + 0.01 * Math.sin(this.step / 40);
  }

  private evaluated(): Extract<Event, { type: "evaluated" }> {
    const networks: Evaluation[] = ROLES.map((role) => ({
      role,
      step: this.step,
      accuracy: this.accuracy(role),
      loss: 2.3 * (1 - this.accuracy(role)),
      ece: 0.05,
      agreement: role === "teacher" ? null : this.accuracy(role),
      omitted: null,
    }));
    return { type: "evaluated", phase: "students", step: this.step, networks };
  }

  private advance(steps: number, summary: Summary): Event[] {
    const events: Event[] = [];
    for (let made = 0; made < steps && this.step < summary.student_steps; made += 1) {
      this.step += 1;
      if (this.step % EVERY === 0) events.push(this.evaluated());
    }
    const losses = (["alone", "distilled"] as const).map((role) => ({
      role,
      total: 2 * Math.exp(-this.step / 100),
      hard: 2 * Math.exp(-this.step / 100),
      soft: role === "distilled" ? 0.2 * Math.exp(-this.step / 100) : null,
      hint: null,
      attention: null,
    }));
    events.push({ type: "progress", phase: "students", step: this.step, steps: summary.student_steps, lr: 0.002, losses, steps_per_second: 300 });
    if (this.step >= summary.student_steps) {
      const [teacher, alone, distilled] = ROLES.map((role) => this.accuracy(role)) as [number, number, number];
      events.push({ type: "finished", outcome: { teacher, alone, distilled, gap: distilled - alone, test_rows: 539, labelled_rows: 100, compression: 70 } });
    }
    return events;
  }

  private advanceCohort(steps: number, summary: Summary): Reply[] {
    const events = this.advance(steps, summary);
    const phase = this.step >= summary.student_steps ? "finished" : "students";
    const [teacher, alone, distilled] = ROLES.map((role) => this.accuracy(role)) as [number, number, number];
    const outcome = { teacher, alone, distilled, gap: distilled - alone, test_rows: 539, labelled_rows: 100, compression: 70 };
    const tested = phase === "finished" || events.some(({ type }) => type === "evaluated");
    const { networks } = this.evaluated();
    const students = !tested ? [] : Array.from({ length: this.cohort }, (_, at) => ({ outcome, networks, finite: at !== this.options.spoilt }));
    return [{ type: "cohort", phase, step: this.step, steps: summary.student_steps, students }];
  }

  private sample(index: number): Event {
    const input = Array.from({ length: 64 }, (_, i) => (Math.hypot((i % 8) - 3.5, Math.floor(i / 8) - 3.5) - 2.5) ** 2 < 1 ? 1 : 0);
    const views = ROLES.map((role) => {
      const probabilities = Array.from({ length: 10 }, (_, i) => (i === index % 10 ? 0.64 : 0.04));
      return { role, logits: probabilities.map(Math.log), probabilities, entropy: 1.2, kl: role === "teacher" ? 0 : 0.05 };
    });
    return { type: "sample", index, label: index % 10, input, temperature: Number(this.summary?.values["distill.temperature"] ?? 4), views };
  }
}
