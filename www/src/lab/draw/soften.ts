/** The same logits at another temperature: the networks' plain answer at T = 1, their soft labels at the T of distillation. */
import type { SampleView } from "../../engine/generated/types";

function logSoftmax(logits: readonly number[], temperature: number): number[] {
  const scaled = logits.map((logit) => logit / temperature);
  const top = Math.max(...scaled);
  const rest = top + Math.log(scaled.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return scaled.map((value) => value - rest);
}

/** The views at a temperature, as the engine computes them. */
export function soften(views: readonly SampleView[], temperature: number): SampleView[] {
  const teacher = views.find((view) => view.role === "teacher");
  const reference = teacher && logSoftmax(teacher.logits, temperature);
  return views.map((view) => {
    const logs = logSoftmax(view.logits, temperature);
    const mean = (of: (log: number, klass: number) => number, by: readonly number[]): number => by.reduce((sum, log, klass) => sum + Math.exp(log) * of(log, klass), 0);
    return {
      ...view,
      probabilities: logs.map(Math.exp),
      entropy: mean((log) => -log, logs),
      kl: reference === undefined ? view.kl : mean((log, klass) => log - logs[klass]!, reference),
    };
  });
}
