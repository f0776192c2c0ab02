/** How teacher and student are compared, in symbols, from the knobs. p is the teacher's distribution, q the student's. */
import type { Values } from "../../knobs";
import type { Note, Term } from "./formula";

/** `m` stands for a mixture that `DEFINITIONS` spells out. */
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

export const SOFTMAX = String.raw`p=\mathrm{softmax}(z_p/T),\quad q=\mathrm{softmax}(z_q/T)`;

export const knob = (values: Values, key: string): number => Number(values[key] ?? Number.NaN);

/** How teacher and student are compared: by the divergence, unless the student gets the teacher's bare answer. */
const divergence = (values: Values): string => (values["distill.access"] === "labels" ? "answer" : (values["distill.divergence"] ?? "forward_kl"));
const dropsTSquared = (values: Values): boolean => values["distill.t_squared"] === "false";
/** Whether T is in the comparison at all. */
const knowsTemperature = (values: Values): boolean => divergence(values) !== "answer";

/** `weight · T² · divergence`; `tex` is the weight in symbols, null for none. */
export function compared(values: Values, weight: number | null, tex: string | null, name: string): Term {
  const symbol = DIVERGENCES[divergence(values)] ?? String.raw`\mathrm{D}(p,q)`;
  const square = dropsTSquared(values) ? String.raw`\cancel{T^2}` : "T^2";
  const factors = [tex, knowsTemperature(values) ? square : null, symbol].filter((factor) => factor !== null);
  const scaled = knowsTemperature(values) && !dropsTSquared(values);
  const weights = [...(weight === null ? [] : [weight]), ...(scaled ? [knob(values, "distill.temperature") ** 2] : [])];
  return { part: "soft", tex: factors.join(String.raw`\cdot `), weights, name };
}

/** The symbols of the comparison, spelled out. `logit_mse` compares logits and knows no softmax. */
export function definitions(values: Values): string[] {
  const own = DEFINITIONS[divergence(values)] ?? [];
  if (!knowsTemperature(values)) return own;
  const standardised = values["distill.standardize"] === "true" ? [String.raw`z\leftarrow\frac{z-\mathrm{mean}(z)}{\mathrm{std}(z)}`] : [];
  return [...standardised, ...(divergence(values) === "logit_mse" ? [] : [SOFTMAX]), ...own];
}

/** Of these T² does something else to the gradient. */
const OTHERWISE_SQUARED = ["logit_mse", "total_variation", "answer"];

/** The constant that a divergence has. */
function constant(values: Values): Note[] {
  const name = divergence(values);
  const key = name.startsWith("jsd") ? "beta" : name.startsWith("skew") ? "skew" : null;
  return key === null ? [] : [{ key: `view.formula.${key}`, params: { value: knob(values, `distill.${key}`) } }];
}

/** The divergence in words, and what T² does to it. `weights` says that it is weights that keep their meaning by it, not α. */
export function comparison(values: Values, weights = false): { words: Note[]; square: Note } {
  const name = divergence(values);
  const dropped = dropsTSquared(values);
  const key = `view.formula.${dropped ? "dropped" : "kept"}`;
  const ending = OTHERWISE_SQUARED.includes(name) ? `.${name}` : weights && !dropped ? ".weights" : "";
  return { words: [{ key: `view.formula.words.${name}` }, ...constant(values)], square: { key: key + ending, alert: dropped && knowsTemperature(values) } };
}
