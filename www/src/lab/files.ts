/** Files out of the page and into it. */
import { failure } from "../engine/protocol";
import type { Lab } from "./lab.svelte";

/** Larger than any checkpoint that this page can write. */
const MAX_BYTES = 256 * 1024 * 1024;

export function download(name: string, content: string | Uint8Array, type: string): void {
  // The bytes come from the Worker and lie in an ordinary buffer.
  const blob = new Blob([content as BlobPart], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Safari reads the blob after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function downloadExperiment(lab: Lab): void {
  const { summary } = lab.screen;
  if (summary !== null) download(`distillery-${summary.preset}.json`, summary.json, "application/json");
}

export async function downloadTensors(lab: Lab, which: "checkpoint" | "student"): Promise<void> {
  const file = await lab.fetchFile(which === "checkpoint" ? { type: "save" } : { type: "weights", role: "distilled" });
  if (file !== null) download(file.name, file.bytes, "application/octet-stream");
}

/** An experiment, a checkpoint or a student's weights, told apart by name. */
export async function take(lab: Lab, file: File): Promise<void> {
  const refuse = (code: string) => lab.notices.fail({ ...failure(code, file.name), value: file.name, fatal: false });
  if (file.size > MAX_BYTES) return refuse("file_size");
  if (/\.json$/i.test(file.name)) return lab.openFile(await file.text());
  if (/\.safetensors$/i.test(file.name)) return lab.openTensors(new Uint8Array(await file.arrayBuffer()));
  refuse("file_kind");
}

export async function copy(lab: Lab, text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    lab.notices.say("good", done);
  } catch {
    // Refused without a secure context or by the visitor: the text is shown, to be copied by hand.
    lab.notices.fail({ ...failure("no_clipboard", text), value: text, fatal: false });
  }
}
