/** The loss of encoders: DistilBERT's triple loss with the terms that others added, on masked tokens or on labels. Sentence embeddings are learned natively alone. */
import type { Values } from "../../knobs";
import { plain } from "../words";
import { isLabelled } from "../../task";
import { comparison, compared, definitions, knob } from "./divergence";
import type { Formula, Term } from "./formula";
import { projects, PROJECTION } from "./states";

const NAME = (name: string): string => `view.formula.encoder.${name}`;

const weight = (values: Values, name: string): number => knob(values, `encoder.${name}_weight`);

/** Terms that the engine reports as one number, with their weights in it. */
function together(part: Term["part"], values: Values, both: string, terms: readonly (readonly [string, string])[]): Term[] {
  const parts = terms.filter(([name]) => weight(values, name) > 0);
  const [first] = parts;
  if (first === undefined) return [];
  return [{ part, tex: parts.map(([, tex]) => tex).join("+"), weights: [], name: NAME(parts.length > 1 ? both : first[0]) }];
}

function states(values: Values): Term[] {
  const by = projects(values) ? "W" : "";
  return together("hint", values, "states", [
    ["cosine", String.raw`w_c\cdot(1-\cos(${by}s,t))`],
    ["hidden", String.raw`w_h\cdot\textstyle\sum_l\mathrm{mean}\,(${by}s_l-t_l)^2`],
  ]);
}

function attention(values: Values): Term[] {
  return together("attention", values, "attended", [
    ["attention", String.raw`w_a\cdot\textstyle\sum_l\mathrm{mean}\,(A^s_l-A^t_l)^2`],
    ["relation", String.raw`w_r\cdot\textstyle\sum_{Q,K,V}\mathrm{KL}(R_t\,\|\,R_s)`],
  ]);
}

/** The truth: masked tokens or labels. */
function target(values: Values, name: "masked" | "label"): Term[] {
  const value = weight(values, name);
  return value > 0 ? [{ part: "hard", tex: String.raw`w_${name === "label" ? "y" : "m"}\cdot\mathrm{CE}(y,q_1)`, weights: [value], name: NAME(name) }] : [];
}

export function ofEncoders(values: Values): Formula {
  const labelled = isLabelled(values);
  const truth = labelled ? "label" : "masked";
  const soft = weight(values, "soft");
  const heard = soft > 0 ? [compared(values, soft, "w_s", NAME("soft"))] : [];
  const terms = [
    ...heard,
    ...target(values, truth),
    ...states(values),
    ...attention(values),
  ];
  const { words, square } = comparison(values, true);
  const does = [truth, "cosine", "hidden", "attention", "relation"].filter((name) => weight(values, name) > 0);
  const place = { key: NAME(`soft.${values["encoder.soft_tokens"] ?? "all"}`) };
  return {
    cases: [{ id: "all", when: null, terms }],
    caseOf: () => "all",
    alone: { part: "hard", tex: String.raw`\mathrm{CE}(y,q_1)`, weights: [], name: NAME(truth) },
    definitions: [
      ...(soft > 0 ? definitions(values) : []),
      ...(weight(values, "attention") > 0 ? [String.raw`A=QK^\top/\sqrt d`] : []),
      ...(weight(values, "relation") > 0 ? [String.raw`R=\mathrm{softmax}(XX^\top/\sqrt d),\quad X\in\{Q,K,V\}`] : []),
    ],
    notes: [
      ...(soft > 0 ? words : []),
      ...(soft > 0 && !labelled ? [place] : []),
      ...does.map((name) => ({ key: NAME(`${name}.does`) })),
      ...(projects(values) && does.some((name) => name === "cosine" || name === "hidden") ? [PROJECTION] : []),
      { key: NAME(labelled ? "symbols.label" : "symbols"), params: { temperature: plain(values["distill.temperature"] ?? "") } },
      ...(soft > 0 ? [square] : []),
    ],
  };
}
