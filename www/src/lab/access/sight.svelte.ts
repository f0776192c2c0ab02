/** Whose eyes the page looks with at the teacher's answer: the teacher's own, or those of a student that does not see all of it. */
import type { Role } from "../../engine/generated/types";
import { doorOf } from "./doors";
import { knownOf, levelOf, told, toldOfToken, type Level, type Told, type Token, type ToldToken } from "./levels";

export class Sight {
  /** Where the two differ the page shows this side, in every panel. */
  side = $state<"teacher" | "student">("student");

  /** `values` of the knobs, and how many classes there are. */
  constructor(
    private readonly values: () => Record<string, string>,
    private readonly classes: () => number,
  ) {}

  /** The student learns from the data: its teacher is not asked. */
  get unasked(): boolean {
    const values = this.values();
    return values["student.kind"] === "decoder" && doorOf(values) === "data";
  }

  /** Of a teacher that is not asked the page shows, in the student's eyes, the bare answer: hidden, it would leave nothing to point at. */
  get level(): Level {
    return this.unasked ? "labels" : levelOf(this.values()["distill.access"]);
  }

  get k(): number {
    return Number(this.values()["distill.top_k"] ?? 3);
  }

  /** The student is let see a part only. */
  get partial(): boolean {
    return this.level === "labels" || (this.level === "top_k" && knownOf(this.k, this.classes()) < this.classes());
  }

  /** The page shows less than the teacher thinks. */
  get blanks(): boolean {
    return this.partial && this.side === "student";
  }

  /** Of a network's answers the page shows a part only. */
  blank(role: Role): boolean {
    return role === "teacher" && this.blanks;
  }

  /** It shows what a network answers, but not how sure it is of that. Of the likeliest class every other door tells it. */
  bareOf(role: Role): boolean {
    return this.blank(role) && this.level === "labels";
  }

  /** What to show of a token that a network wrote. */
  ofToken(role: Role, token: Token): ToldToken {
    return this.blank(role) ? toldOfToken(token, this.level, this.k) : { own: true, others: token.others.length };
  }

  /** What to show of the teacher's logits at a temperature, by class; null where all of it is shown. */
  of(logits: readonly number[], temperature: number): Told[] | null {
    if (!this.blanks) return null;
    return told(logits, this.level, this.k, temperature).sort((a, b) => a.klass - b.klass);
  }
}
