/** The losses of encoders: DistilBERT's triple loss with the terms that others added, or those of sentence embeddings. */
import type { Values } from "../../knobs";
import { plain } from "../words";
import { comparison, compared, definitions, knob } from "./divergence";
import type { Formula, Term } from "./formula";

const NAME = (name: string): string => `view.formula.encoder.${name}`;
const COSINE = String.raw`(1-\cos(s,t))`;

const weight = (values: Values, name: string): number => knob(values, `encoder.${name}_weight`);

/** The engine reports the terms on states as one number, with their weights in it. */
function states(values: Values): Term[] {
  const parts = [
    ...(weight(values, "cosine") > 0 ? [[String.raw`w_c\cdot ${COSINE}`, "cosine"]] : []),
    ...(weight(values, "hidden") > 0 ? [[String.raw`w_h\cdot\textstyle\sum_l\lVert s_l-t_l\rVert^2`, "hidden"]] : []),
  ];
  if (parts.length === 0) return [];
  const [name] = parts.length === 2 ? ["states"] : [parts[0]![1]!];
  return [{ part: "hint", tex: parts.map(([tex]) => tex).join("+"), weights: [], name: NAME(name!) }];
}

function one(part: Term["part"], values: Values, name: string, tex: string): Term[] {
  const value = weight(values, name);
  return value > 0 ? [{ part, tex, weights: [value], name: NAME(name) }] : [];
}

function masked(values: Values): Formula {
  const soft = weight(values, "soft");
  const heard = soft > 0 ? [compared(values, soft, "w_s", NAME("soft"))] : [];
  const terms = [
    ...heard,
    ...one("hard", values, "masked", String.raw`w_m\cdot\mathrm{CE}(y,q_1)`),
    ...states(values),
    ...one("attention", values, "relation", String.raw`w_r\cdot\textstyle\sum_{q,k,v}\mathrm{KL}(R_t\,\|\,R_s)`),
  ];
  const { words, square } = comparison(values, true);
  const does = ["masked", "cosine", "hidden", "relation"].filter((name) => weight(values, name) > 0);
  const place = { key: NAME(`soft.${values["encoder.soft_tokens"] ?? "all"}`) };
  return {
    cases: [{ id: "all", when: null, terms }],
    caseOf: () => "all",
    alone: { part: "hard", tex: String.raw`\mathrm{CE}(y,q_1)`, weights: [], name: NAME("masked") },
    definitions: [
      ...(soft > 0 ? definitions(values) : []),
      ...(weight(values, "relation") > 0 ? [String.raw`R=\mathrm{softmax}(XX^\top/\sqrt d),\quad X\in\{Q,K,V\}`] : []),
    ],
    notes: [
      ...(soft > 0 ? [...words, place] : []),
      ...does.map((name) => ({ key: NAME(`${name}.does`) })),
      { key: NAME("symbols"), params: { temperature: plain(values["distill.temperature"] ?? "") } },
      ...(soft > 0 ? [square] : []),
    ],
  };
}

function embeddings(values: Values): Formula {
  const kinds = [
    ["soft", "cosine", String.raw`w_c\cdot ${COSINE}`],
    ["hint", "similarity", String.raw`w_s\cdot\mathrm{mean}\,(S_s-S_t)^2`],
    ["attention", "contrastive", String.raw`w_k\cdot\mathrm{InfoNCE}(s,t)`],
  ] as const;
  return {
    cases: [{ id: "all", when: null, terms: kinds.flatMap(([part, name, tex]) => one(part, values, name, tex)) }],
    caseOf: () => "all",
    alone: { part: "hard", tex: String.raw`\mathrm{InfoNCE}(s,s^{+})`, weights: [], name: NAME("neighbours") },
    definitions: [],
    notes: [...kinds.filter(([, name]) => weight(values, name) > 0).map(([, name]) => ({ key: NAME(`${name}.does`) })), { key: NAME("sentences") }],
  };
}

export const ofEncoders = (values: Values): Formula => (values["encoder.objective"] === "embeddings" ? embeddings(values) : masked(values));
