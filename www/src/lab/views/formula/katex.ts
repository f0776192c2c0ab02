// KaTeX in a chunk of its own: the page is usable before formulas are typeset.
import katex from "katex";
import "katex/dist/katex.min.css";

export function typeset(tex: string, host: HTMLElement): void {
  katex.render(tex, host, { output: "htmlAndMathml", throwOnError: false, strict: "ignore" });
}
