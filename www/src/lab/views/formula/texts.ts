/** The losses of decoders, a method each. y is a text of the data, ŷ one that the teacher wrote, ỹ one of the student's own. */
import type { LossParts } from "../../../engine/generated/types";
import type { Values } from "../../knobs";
import { percent } from "../../../i18n/index.svelte";
import { plain } from "../words";
import { comparison, compared, definitions, knob, SOFTMAX } from "./divergence";
import type { Case, Formula, Note, Term } from "./formula";
import { minillm } from "./minillm";
import { preferred } from "./preference";
import { projects, PROJECTION } from "./states";

const NAME = (name: string): string => `view.formula.text.${name}`;

const param = (values: Values, key: string): string => plain(values[key] ?? "");

/** What a method comes to: its terms, and what is to be said of them. */
export interface Method {
  terms: Term[];
  definitions: string[];
  notes: Note[];
}

/** Cross-entropy of the data. `student` is q, or q₁ where q is a distribution at another temperature. */
function data(student = "q", factor = "", weights: number[] = []): Term {
  return { part: "hard", tex: String.raw`${factor}\mathrm{CE}(y,${student})`, weights, name: NAME("data") };
}
const ALPHA = String.raw`\alpha\cdot `;

/** Methods whose q is taken at the temperature of distillation. */
const TEMPERED = ["token_kd", "gkd", "distillm", "uld"];

/** The teacher's last states, which token KD may have beside its probabilities. */
function hinted(values: Values): Pick<Method, "terms" | "notes"> {
  const weight = knob(values, "distill.hint_weight");
  if (values["text.method"] !== "token_kd" || weight <= 0) return { terms: [], notes: [] };
  const projected = projects(values);
  return {
    terms: [{ part: "hint", tex: String.raw`\gamma\cdot\mathrm{mean}\,(${projected ? "Ws" : "s"}-t)^2`, weights: [weight], name: "view.formula.hint" }],
    notes: [{ key: NAME("hint.does"), params: { weight } }, ...(projected ? [PROJECTION] : [])],
  };
}

/** Methods that compare the two token by token, by the divergence. */
function tokenwise(values: Values): Method {
  const alpha = knob(values, "distill.alpha");
  const hint = hinted(values);
  const { words, square } = comparison(values);
  const few = values["distill.access"] === "top_k";
  const hidden: Note[] = few ? [{ key: NAME("top_k"), params: { count: param(values, "distill.top_k") } }] : [];
  return {
    terms: [data("q_1", ALPHA, [alpha]), compared(values, 1 - alpha, String.raw`(1-\alpha)`, NAME("teacher")), ...hint.terms],
    // Of a few log-probabilities there is nothing to standardise.
    definitions: definitions(few ? { ...values, "distill.standardize": "false" } : values),
    notes: [...words, ...hidden, ...hint.notes, { key: NAME("symbols"), params: { temperature: param(values, "distill.temperature"), alpha: param(values, "distill.alpha") } }, square],
  };
}

function sequenceLevel(values: Values): Method {
  const count = knob(values, "text.teacher_texts");
  const several: Note[] = count > 1 ? [{ key: NAME("seq_kd.texts"), params: { count } }] : [];
  return {
    terms: [{ part: "hard", tex: String.raw`\mathrm{CE}(\hat y,q)`, weights: [], name: NAME("teacher_texts") }],
    definitions: [String.raw`\hat y\sim p(\cdot\,|\,x)`],
    notes: [{ key: NAME("seq_kd.does") }, ...several],
  };
}

function universal(values: Values): Method {
  const alpha = knob(values, "distill.alpha");
  return {
    terms: [
      data("q_1", ALPHA, [alpha]),
      { part: "soft", tex: String.raw`(1-\alpha)\cdot\textstyle\sum_i|p_{(i)}-q_{(i)}|`, weights: [1 - alpha], name: NAME("shape") },
    ],
    definitions: [String.raw`p_{(1)}\ge p_{(2)}\ge\dots`, SOFTMAX],
    notes: [{ key: NAME("uld.does") }, { key: NAME("symbols"), params: { temperature: param(values, "distill.temperature"), alpha: param(values, "distill.alpha") } }],
  };
}

function contrasted(values: Values): Method {
  return {
    terms: [{ part: "soft", tex: String.raw`(2-\beta)\,\mathrm{KL}(p\,\|\,m_p)_{\hat y}+\beta\,\mathrm{KL}(q\,\|\,m_q)_{\tilde y}`, weights: [], name: NAME("contrast") }],
    definitions: [String.raw`m_p=\lambda p+(1-\lambda)q`, String.raw`m_q=(1-\lambda)p+\lambda q`, String.raw`\hat y\sim p,\quad\tilde y\sim q`],
    notes: [{ key: NAME("distillm2.does"), params: { weight: param(values, "text.own_weight") } }],
  };
}

/** A method's own loss and, unless its weight is 0, that of the data. */
function withData(values: Values, { terms, definitions: own, notes }: Method): Method {
  const weight = knob(values, "text.lm_weight");
  if (weight <= 0) return { terms, definitions: own, notes };
  const guided = values["text.method"] === "minillm" && values["text.variant"] === "lmops";
  const term: Term = guided
    ? { part: "hard", tex: String.raw`c\cdot\tfrac12[\mathrm{CE}(y,q)+\mathrm{KL}(p\,\|\,q)_y]`, weights: [weight], name: NAME("guided_data") }
    : data("q", String.raw`c\cdot `, [weight]);
  return { terms: [...terms, term], definitions: own, notes: [...notes, { key: NAME(guided ? "guided_data.does" : "weighed_data.does"), params: { weight } }] };
}

function learnedBy(values: Values): Method {
  switch (values["text.method"] ?? "") {
    case "sft":
      return { terms: [data()], definitions: [], notes: [{ key: NAME("data.does") }, { key: NAME("sft.does") }] };
    case "seq_kd":
      return sequenceLevel(values);
    case "uld":
      return universal(values);
    case "distillm2":
      return contrasted(values);
    case "minillm":
      return withData(values, minillm(values));
    case "dpkd":
      return withData(values, preferred(values));
    default: // token_kd, gkd, distillm
      return tokenwise(values);
  }
}

/** Where DistiLLM's share of own texts starts, and what lets it grow. */
function growth(values: Values): Record<string, string> {
  return { start: percent(knob(values, "text.share_start"), 0), rise: param(values, "text.share_tolerance") };
}

/** The teacher's word on a text that the student wrote: there are no labels. */
function ownTexts(values: Values): Case {
  const method = values["text.method"]!;
  const when = { key: NAME(`case.own.${method}`), params: { share: percent(knob(values, "text.student_share"), 0) } };
  return { id: "own", when, terms: [compared(values, null, null, NAME("teacher_on_own"))] };
}

export function ofTexts(values: Values): Formula {
  const method = values["text.method"] ?? "token_kd";
  const { terms, definitions: own, notes } = learnedBy(values);
  const mixed = method === "gkd" || method === "distillm";
  const student = TEMPERED.includes(method) ? "q_1" : "q";
  const [first, last] = method === "sft" ? [0, 0] : [knob(values, "text.sft_steps"), knob(values, "text.tune_steps")];
  const tuned = knob(values, "train.steps") - last;
  const cases: Case[] = [];
  if (first > 0) cases.push({ id: "first", when: { key: NAME("case.first"), params: { steps: first } }, terms: [data(student)] });
  const when = mixed ? NAME("case.data") : first > 0 ? NAME("case.then") : last > 0 ? NAME("case.before") : null;
  cases.push({ id: "method", when: when === null ? null : { key: when }, terms });
  if (mixed) cases.push(ownTexts(values));
  if (last > 0) cases.push({ id: "last", when: { key: NAME("case.last"), params: { steps: last } }, terms: [data(student)] });
  return {
    cases,
    caseOf: (step: number, { hard }: LossParts) => (step <= first ? "first" : step > tuned ? "last" : mixed && hard === null ? "own" : "method"),
    alone: data(student),
    definitions: own,
    notes: [...(mixed ? [{ key: NAME(`${method}.does`), ...(method === "distillm" ? { params: growth(values) } : {}) }] : []), ...notes, ...(student === "q" ? [{ key: NAME("plain") }] : []), { key: NAME("mean") }],
  };
}
