/** Files that a visitor opens: an experiment, a checkpoint, or weights for a student. */
import type { Command, EngineError } from "../engine/protocol";
import { refusal, type Answer } from "./openings.svelte";
import type { Playback } from "./playback.svelte";

/** How a command is sent: `latest` lets a later one of its name take its place, `quiet` shows no refusal, `file` is where it came from. */
export interface Sending {
  latest?: string;
  quiet?: boolean;
  file?: string;
}

/** What taking files needs of the laboratory. */
interface Host {
  /** Opens the run of a file in the place of the open one. */
  open(command: Extract<Command, { type: "open_file" | "resume" }>, how: Sending): Promise<Answer>;
  /** Puts weights into the distilled student; says whether it took them. */
  load(bytes: Uint8Array, file: string): Promise<boolean>;
  refuse(error: EngineError, file: string): void;
}

/** Codes of tensors that are not those of a network. */
const MISFITS = ["weights_missing", "weights_shape", "weights_type"];

/** Another run is open than before. */
const replaced = (answer: Answer): boolean => answer === true || answer === "overtaken";

export class Intake {
  constructor(
    private readonly playback: Playback,
    private readonly host: Host,
  ) {}

  experiment(json: string, file: string): Promise<void> {
    return this.meanwhile(async () => replaced(await this.host.open({ type: "open_file", json }, { file })));
  }

  /** A checkpoint, or else weights for the distilled student. */
  tensors(bytes: Uint8Array, file: string): Promise<void> {
    return this.meanwhile(async () => {
      const answer = await this.host.open({ type: "resume", bytes }, { quiet: true });
      const refused = refusal(answer);
      if (refused === null) return replaced(answer);
      if (refused.code === "no_checkpoint") return this.host.load(bytes, file);
      // Tensors that do not fit the experiment beside them are the fault of the file, not of the student's size.
      this.host.refuse(MISFITS.includes(refused.code) ? { ...refused, code: "bad_checkpoint", key: null } : refused, file);
      return false;
    });
  }

  /** The run stands still while a file is read, and goes on where the file is refused. */
  private async meanwhile(take: () => Promise<boolean>): Promise<void> {
    const { playing } = this.playback;
    this.playback.playing = false;
    if ((await take()) || !playing) return;
    this.playback.playing = true;
    // To its end, for which the next file does not wait.
    void this.playback.goOn();
  }
}
