/**
 * `window.__distillery`, for tests of the page in a real browser: what a person cannot do, and what a person sees as plain data.
 *
 * - `loseDevice()` destroys the GPU device in the Worker, as a driver reset does.
 * - `crashWorker()` throws an exception in the Worker that nothing catches.
 * - `state()` is a snapshot; see `snapshot` below.
 */
import type { Lab } from "./lab.svelte";

function snapshot(lab: Lab) {
  const { engine, screen } = lab;
  const { now, summary } = screen;
  const up = engine.is === "up" ? engine : null;
  return {
    engine: engine.is,
    backend: up?.started.backend ?? null,
    adapter: up?.started.adapter ?? null,
    selfTest: up?.started.selfTest ?? null,
    cpuReason: up?.reason ?? null,
    playing: lab.playback.playing,
    phase: screen.phase,
    step: screen.step,
    finished: screen.finished,
    rate: now.rate,
    losses: now.losses,
    networks: now.networks,
    outcome: now.outcome,
    values: summary?.values ?? null,
    wanted: { ...lab.config.values },
    pending: lab.pending,
    /** The file that a run waits for. */
    waits: lab.openings.waits?.part ?? null,
    runs: lab.runs.kept.length,
    overlays: lab.runs.drawn(summary?.values ?? lab.config.values).length,
    points: screen.history.tested.x.length,
    marks: screen.history.marks,
    /** Text keys and error codes of the messages that are shown. */
    notices: lab.notices.list.map((notice) => notice.error?.code ?? notice.text),
  };
}

declare global {
  interface Window {
    __distillery?: { loseDevice(): void; crashWorker(): void; state(): ReturnType<typeof snapshot> };
  }
}

export function installTestHook(lab: Lab): void {
  window.__distillery = {
    loseDevice: () => lab.poke("lose_device"),
    crashWorker: () => lab.poke("crash"),
    state: () => snapshot(lab),
  };
}
