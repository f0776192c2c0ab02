// The loss of the distilled student, term by term: weight × value = contribution, from the knobs and what the engine measured.

import type { LossParts } from "../../../engine/generated/types";

export interface Term {
  name: "hard" | "soft" | "hint" | "attention";
  tex: string;
  /** Numbers whose product is the weight. */
  weights: number[];
  /** Before its weight; null until a step was made. */
  value: number | null;
  contribution: number | null;
}

/** The divergence in symbols. p is the teacher's distribution at T, q the student's; `m` stands for a mixture that `DEFINITIONS` spells out. */
const DIVERGENCES: Record<string, string> = {
  forward_kl: String.raw`\mathrm{KL}(p\,\|\,q)`,
  reverse_kl: String.raw`\mathrm{KL}(q\,\|\,p)`,
  jsd_gkd: String.raw`\mathrm{JSD}_\beta(p\,\|\,q)`,
  jsd_continuous: String.raw`\mathrm{JSD}_\beta(p\,\|\,q)`,
  skew_forward: String.raw`\mathrm{KL}(p\,\|\,m)`,
  skew_reverse: String.raw`\mathrm{KL}(q\,\|\,m)`,
  total_variation: String.raw`\tfrac12\textstyle\sum|p-q|`,
  logit_mse: String.raw`\tfrac1K\lVert\tfrac{z_p-z_q}{T}\rVert^2`,
  dkd: String.raw`\mathrm{DKD}`,
  answer: String.raw`\mathrm{CE}(\hat y,q_1)`,
};

const MIXTURE = String.raw`m=\beta p+(1-\beta)q`;

const DEFINITIONS: Record<string, string[]> = {
  jsd_gkd: [String.raw`\mathrm{JSD}_\beta=\beta\,\mathrm{KL}(p\,\|\,m)+(1-\beta)\,\mathrm{KL}(q\,\|\,m)`, MIXTURE],
  jsd_continuous: [String.raw`\mathrm{JSD}_\beta=(1-\beta)\,\mathrm{KL}(p\,\|\,m)+\beta\,\mathrm{KL}(q\,\|\,m)`, MIXTURE],
  skew_forward: [String.raw`m=\lambda p+(1-\lambda)q`],
  skew_reverse: [String.raw`m=(1-\lambda)p+\lambda q`],
  answer: [String.raw`\hat y=\arg\max z_p`],
  dkd: [String.raw`\mathrm{DKD}=\alpha_d\,\mathrm{TCKD}+\beta_d\,\mathrm{NCKD}`],
};

const knob = (values: Record<string, string>, key: string): number => Number(values[key] ?? Number.NaN);

/** How teacher and student are compared: by the divergence, unless the student gets the teacher's bare answer. */
export const divergence = (values: Record<string, string>): string =>
  values["distill.access"] === "labels" ? "answer" : (values["distill.divergence"] ?? "forward_kl");
export const dropsTSquared = (values: Record<string, string>): boolean => values["distill.t_squared"] === "false";
/** Whether T is in the comparison at all. */
const knowsTemperature = (values: Record<string, string>): boolean => divergence(values) !== "answer";
export const definitions = (values: Record<string, string>): string[] => DEFINITIONS[divergence(values)] ?? [];

/** Where p and q come from; `logit_mse` compares logits and knows no softmax. */
export function distributions(values: Record<string, string>): string[] {
  if (!knowsTemperature(values)) return [];
  const standardised = values["distill.standardize"] === "true" ? [String.raw`z\leftarrow\frac{z-\mathrm{mean}(z)}{\mathrm{std}(z)}`] : [];
  const softmax = divergence(values) === "logit_mse" ? [] : [String.raw`p=\mathrm{softmax}(z_p/T),\quad q=\mathrm{softmax}(z_q/T)`];
  return [...standardised, ...softmax];
}

/** The terms of the distilled student's loss; feature terms only where they weigh something. */
export function terms(values: Record<string, string>, parts: LossParts | undefined): Term[] {
  const alpha = knob(values, "distill.alpha");
  const temperature = knob(values, "distill.temperature");
  const found: Term[] = [];
  const add = (name: Term["name"], tex: string, weights: number[], value: number | null): void => {
    const contribution = value === null ? null : weights.reduce((product, weight) => product * weight, value);
    found.push({ name, tex, weights, value, contribution });
  };
  add("hard", String.raw`\alpha\cdot\mathrm{CE}(y,q_1)`, [alpha], parts?.hard ?? null);
  const symbol = DIVERGENCES[divergence(values)] ?? String.raw`\mathrm{D}(p,q)`;
  const square = dropsTSquared(values) ? String.raw`\cancel{T^2}` : "T^2";
  const softTex = knowsTemperature(values) ? String.raw`(1-\alpha)\cdot ${square}\cdot ${symbol}` : String.raw`(1-\alpha)\cdot ${symbol}`;
  const scaled = knowsTemperature(values) && !dropsTSquared(values);
  add("soft", softTex, scaled ? [1 - alpha, temperature ** 2] : [1 - alpha], parts?.soft ?? null);
  for (const [name, weight, tex] of [
    ["hint", knob(values, "distill.hint_weight"), String.raw`\gamma\cdot\mathrm{hint}`],
    ["attention", knob(values, "distill.attention_weight"), String.raw`\eta\cdot\mathrm{attention}`],
  ] as const) {
    if (weight > 0) add(name, tex, [weight], parts?.[name] ?? null);
  }
  return found;
}
