/** Files out of the page and into it. */
import { failure } from "../engine/protocol";
import type { Lab } from "./lab.svelte";
import { readMetrics } from "./runs/metrics";

const MEBI = 1024 * 1024;
/** Larger than any checkpoint that this page can write. */
export const MAX_BYTES = 256 * MEBI;
/** Of `metrics.jsonl`: half a million steps at the usual pace. */
export const MAX_METRICS = 32 * MEBI;

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

/** An experiment, a checkpoint, a student's weights or the curves of a native run, told apart by name. */
export async function take(lab: Lab, file: File): Promise<void> {
  const refuse = (code: string, most = 0) => lab.notices.fail({ ...failure(code, file.name), value: file.name, allowed: String(most / MEBI), fatal: false });
  if (file.size > MAX_BYTES) return refuse("file_size", MAX_BYTES);
  if (/\.json$/i.test(file.name)) return lab.intake.experiment(await file.text(), file.name);
  if (/\.safetensors$/i.test(file.name)) return lab.intake.tensors(new Uint8Array(await file.arrayBuffer()), file.name);
  if (/\.jsonl$/i.test(file.name)) return file.size > MAX_METRICS ? refuse("file_size", MAX_METRICS) : takeMetrics(lab, file);
  refuse(/\.toml$/i.test(file.name) ? "file_toml" : "file_kind");
}

/** Draws native runs beside those of the browser. */
async function takeMetrics(lab: Lab, file: File): Promise<void> {
  const read = await readMetrics(await file.text());
  if ("flaw" in read) return lab.notices.fail({ ...failure(`metrics_${read.flaw}`, String(read.line)), value: file.name, fatal: false });
  for (const history of read.runs) {
    const run = lab.runs.addNative(history);
    if (run === null) continue;
    if (read.torn === null || history !== read.runs.at(-1)) lab.notices.say("good", "notice.native_added", { name: lab.runs.label(run) });
    else lab.notices.say("warn", "notice.native_torn", { name: lab.runs.label(run), line: read.torn });
  }
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
