/** The preference losses in symbols: the teacher's text ŷ is to be preferred to the student's ỹ. */
import type { Values } from "../../knobs";
import { knob } from "./divergence";
import type { Method } from "./texts";

const MARGIN = String.raw`\Delta=\beta\,[\,r(\hat y)-r(\tilde y)\,]`;
const DRAWN = String.raw`\hat y\sim p,\quad\tilde y\sim q`;
const TO_TEACHER = String.raw`\log\frac{q(y)}{p(y)}`;
const BARE = String.raw`\log q(y)`;
const SURPRISE = String.raw`-\log\sigma(\Delta)`;

/** Of each form its loss and what its symbols mean. */
function symbols(values: Values): { tex: string; definitions: string[] } {
  const perToken = values["text.length_norm"] === "true" ? String.raw`\tfrac{1}{|y|}` : "";
  const reward = (tex: string, normed = false): string => String.raw`r(y)=${normed ? perToken : ""}${tex}`;
  switch (values["text.preference"] ?? "") {
    case "token":
      return {
        tex: SURPRISE,
        definitions: [
          String.raw`\Delta=\beta\Big[\log\frac{q(a)}{q(b)}-\log\frac{p(a)}{p(b)}\Big]`,
          String.raw`a=\arg\max p,\quad b=\arg\max q,\quad\hat y\sim p`,
        ],
      };
    case "dpo":
      return { tex: SURPRISE, definitions: [MARGIN, reward(TO_TEACHER), DRAWN] };
    case "simpo":
      return { tex: String.raw`-\log\sigma(\Delta-\gamma)`, definitions: [MARGIN, reward(BARE, true), DRAWN] };
    case "ipo":
      return { tex: String.raw`\big(r(\hat y)-r(\tilde y)-\tfrac{1}{2\tau}\big)^2`, definitions: [reward(TO_TEACHER), DRAWN] };
    case "cpo":
      return { tex: String.raw`-\log\sigma(\Delta)-\log q(\hat y)`, definitions: [MARGIN, reward(BARE), DRAWN] };
    default: // dpkd
      return { tex: SURPRISE, definitions: [MARGIN, reward(TO_TEACHER, true), DRAWN] };
  }
}

export function preferred(values: Values): Method {
  const form = values["text.preference"] ?? "dpkd";
  const { tex, definitions } = symbols(values);
  const beta = knob(values, "text.preference_beta");
  const constants =
    form === "ipo"
      ? { key: "view.formula.text.preference.tau", params: { tau: beta } }
      : form === "simpo"
        ? { key: "view.formula.text.preference.gamma", params: { beta, margin: knob(values, "text.preference_margin") } }
        : { key: "view.formula.text.preference.beta", params: { beta } };
  const [published, margin] = [2, 1];
  const odd = form === "simpo" && (beta !== published || knob(values, "text.preference_margin") !== margin);
  return {
    terms: [{ part: "soft", tex, weights: [], name: "view.formula.text.preference" }],
    definitions,
    notes: [{ key: `view.formula.text.preference.${form}.does` }, constants, ...(odd ? [{ key: "view.formula.text.preference.published", params: { beta: published, margin } }] : [])],
  };
}
