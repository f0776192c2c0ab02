/** The loss of encoders: DistilBERT's triple loss with the terms that others added, on masked tokens or on labels. Sentence embeddings are learned natively alone. */
import type { Values } from "../../knobs";
import { plain } from "../words";
import { isLabelled } from "../../task";
import { comparison, compared, definitions, knob } from "./divergence";
import type { Formula, Term } from "./formula";

const NAME = (name: string): string => `view.formula.encoder.${name}`;

const weight = (values: Values, name: string): number => knob(values, `encoder.${name}_weight`);

/** A student of another width than its teacher: its states are projected before they are compared. */
function projects(values: Values): boolean {
  return values["student.start"] === "random" && values["student.dim"] !== values["teacher.dim"];
}

/** The engine reports the terms on states as one number, with their weights in it. */
function states(values: Values): Term[] {
  const by = projects(values) ? "W" : "";
  const parts = (
    [
      ["cosine", String.raw`w_c\cdot(1-\cos(${by}s,t))`],
      ["hidden", String.raw`w_h\cdot\textstyle\sum_l\mathrm{mean}\,(${by}s_l-t_l)^2`],
    ] as const
  ).filter(([name]) => weight(values, name) > 0);
  const [first] = parts;
  if (first === undefined) return [];
  return [{ part: "hint", tex: parts.map(([, tex]) => tex).join("+"), weights: [], name: NAME(parts.length > 1 ? "states" : first[0]) }];
}

function one(part: Term["part"], values: Values, name: string, tex: string): Term[] {
  const value = weight(values, name);
  return value > 0 ? [{ part, tex, weights: [value], name: NAME(name) }] : [];
}

export function ofEncoders(values: Values): Formula {
  const labelled = isLabelled(values);
  const target = labelled ? "label" : "masked";
  const soft = weight(values, "soft");
  const heard = soft > 0 ? [compared(values, soft, "w_s", NAME("soft"))] : [];
  const terms = [
    ...heard,
    ...one("hard", values, target, String.raw`w_${labelled ? "y" : "m"}\cdot\mathrm{CE}(y,q_1)`),
    ...states(values),
    ...one("attention", values, "relation", String.raw`w_r\cdot\textstyle\sum_{Q,K,V}\mathrm{KL}(R_t\,\|\,R_s)`),
  ];
  const { words, square } = comparison(values, true);
  const does = [target, "cosine", "hidden", "relation"].filter((name) => weight(values, name) > 0);
  const place = { key: NAME(`soft.${values["encoder.soft_tokens"] ?? "all"}`) };
  return {
    cases: [{ id: "all", when: null, terms }],
    caseOf: () => "all",
    alone: { part: "hard", tex: String.raw`\mathrm{CE}(y,q_1)`, weights: [], name: NAME(target) },
    definitions: [
      ...(soft > 0 ? definitions(values) : []),
      ...(weight(values, "relation") > 0 ? [String.raw`R=\mathrm{softmax}(XX^\top/\sqrt d),\quad X\in\{Q,K,V\}`] : []),
    ],
    notes: [
      ...(soft > 0 ? words : []),
      ...(soft > 0 && !labelled ? [place] : []),
      ...does.map((name) => ({ key: NAME(`${name}.does`) })),
      ...(projects(values) && does.some((name) => name === "cosine" || name === "hidden") ? [{ key: NAME("projection") }] : []),
      { key: NAME(labelled ? "symbols.label" : "symbols"), params: { temperature: plain(values["distill.temperature"] ?? "") } },
      ...(soft > 0 ? [square] : []),
    ],
  };
}
