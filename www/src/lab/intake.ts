/** Files that a visitor opens: an experiment, a checkpoint, or weights for a student. */
import type { Command, EngineError } from "../engine/protocol";
import type { Sending } from "./machine.svelte";
import { refusal, type Answer } from "./openings.svelte";

/** What taking files needs of the laboratory. */
interface Host {
  /** Opens the run of a file in the place of the open one, which stands still meanwhile. */
  open(command: Extract<Command, { type: "open_file" | "resume" }>, how: Sending): Promise<Answer>;
  /** Puts weights into the distilled student. */
  load(bytes: Uint8Array, file: string): Promise<unknown>;
  refuse(error: EngineError, file: string): void;
}

/** Codes of tensors that are not those of a network. */
const MISFITS = ["weights_missing", "weights_shape", "weights_type"];

export class Intake {
  constructor(private readonly host: Host) {}

  async experiment(json: string, file: string): Promise<void> {
    await this.host.open({ type: "open_file", json }, { file });
  }

  /** A checkpoint, or else weights for the distilled student. */
  async tensors(bytes: Uint8Array, file: string): Promise<void> {
    const refused = refusal(await this.host.open({ type: "resume", bytes }, { quiet: true }));
    if (refused === null) return;
    if (refused.code === "no_checkpoint") await this.host.load(bytes, file);
    // Tensors that do not fit the experiment beside them are the fault of the file, not of the student's size.
    else this.host.refuse(MISFITS.includes(refused.code) ? { ...refused, code: "bad_checkpoint", key: null } : refused, file);
  }
}
