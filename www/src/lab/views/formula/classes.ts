/** The losses of classifiers: `α·CE + (1−α)·T²·divergence`, with hints and attention transfer. */
import type { Values } from "../../knobs";
import { plain } from "../words";
import { comparison, compared, definitions, knob } from "./divergence";
import type { Formula, Term } from "./formula";

/** The terms of the distilled student's loss; feature terms only where they weigh something. */
export function terms(values: Values): Term[] {
  const alpha = knob(values, "distill.alpha");
  const features = (
    [
      ["hint", knob(values, "distill.hint_weight"), String.raw`\gamma\cdot\mathrm{hint}`],
      ["attention", knob(values, "distill.attention_weight"), String.raw`\eta\cdot\mathrm{attention}`],
    ] as const
  ).filter(([, weight]) => weight > 0);
  return [
    { part: "hard", tex: String.raw`\alpha\cdot\mathrm{CE}(y,q_1)`, weights: [alpha], name: "view.formula.hard" },
    compared(values, 1 - alpha, String.raw`(1-\alpha)`, "view.formula.soft"),
    ...features.map(([part, weight, tex]): Term => ({ part, tex, weights: [weight], name: `view.formula.${part}` })),
  ];
}

export function ofClasses(values: Values): Formula {
  const smoothing = knob(values, "train.label_smoothing");
  const { words, square } = comparison(values);
  return {
    cases: [{ id: "all", when: null, terms: terms(values) }],
    caseOf: () => "all",
    alone:
      smoothing > 0
        ? { part: "hard", tex: String.raw`\mathrm{CE}(y_\varepsilon,q_1)`, weights: [], name: "view.formula.smoothed", params: { smoothing } }
        : { part: "hard", tex: String.raw`\mathrm{CE}(y,q_1)`, weights: [], name: "view.formula.hard" },
    definitions: definitions(values),
    notes: [...words, { key: "view.formula.symbols", params: { temperature: plain(values["distill.temperature"] ?? ""), alpha: plain(values["distill.alpha"] ?? "") } }, square],
  };
}
