/** MiniLLM's policy gradient in symbols, with what each knob puts in or takes out. */
import type { Values } from "../../knobs";
import { knob } from "./divergence";
import type { Method } from "./texts";

/** The return that a token is answerable for. Without the single step its own reward counts too; tokens are counted from 1 to n. */
function advantage(values: Values): string {
  if (values["text.variant"] === "lmops") {
    return String.raw`A_t=\mathrm{whiten}\Big(\tfrac{1}{n-t+1}\textstyle\sum_{i\ge t}0.95^{\,i-t}\,\tfrac{r_i}{0.5}\Big)`;
  }
  const single = values["text.single_step"] === "true";
  const count = single ? "n-t" : "n-t+1";
  const share = values["text.length_norm"] === "true" ? String.raw`\tfrac{1}{${count}}` : "";
  return String.raw`A_t=${share}\textstyle\sum_{i${single ? ">" : String.raw`\ge `}t}r_i`;
}

export function minillm(values: Values): Method {
  const paper = values["text.variant"] !== "lmops";
  const single = values["text.single_step"] === "true";
  const mix = knob(values, "text.teacher_mix");
  const clip = knob(values, "text.clip");
  const step = single ? String.raw`${paper ? String.raw`w_t\,` : ""}\mathrm{KL}(q\,\|\,p)` : "";
  const reward = clip > 0 ? String.raw`\min\!\big(\rho_tA_t,\;\rho_t\big|_{1-\varepsilon}^{1+\varepsilon}A_t\big)` : String.raw`\rho_tA_t`;
  const drawn = mix > 0 ? String.raw`\tilde p=\mu p+(1-\mu)q_0` : String.raw`\tilde p=q_0`;
  const weight = single && paper ? [String.raw`w_t=\frac{q_0(\tilde y_t)}{\tilde p(\tilde y_t)}`] : [];
  return {
    terms: [{ part: "soft", tex: `${step}-${reward}`, weights: [], name: "view.formula.text.policy" }],
    definitions: [
      String.raw`r_t=\log\frac{p(\tilde y_t)}{q_0(\tilde y_t)}`,
      advantage(values),
      String.raw`\rho_t=\frac{q(\tilde y_t)}{\tilde p(\tilde y_t)},\quad\tilde y\sim${drawn}`,
      ...weight,
    ],
    notes: [
      ...(single ? [{ key: "view.formula.text.single.does" }] : []),
      { key: "view.formula.text.policy.does" },
      { key: "view.formula.text.policy.symbols" },
      ...(mix > 0 ? [{ key: "view.formula.text.policy.mix", params: { mix } }] : []),
      ...(clip > 0 ? [{ key: "view.formula.text.policy.clip", params: { clip } }] : []),
      ...(paper ? [] : [{ key: "view.formula.text.policy.lmops" }]),
      { key: "view.formula.text.policy.height" },
    ],
  };
}
