/** What terms on the states of transformers have in common. s are the student's, t the teacher's. */
import type { Values } from "../../knobs";
import type { Note } from "./formula";

/** A student of another width than its teacher: its states are projected before they are compared. */
export function projects(values: Values): boolean {
  return values["student.start"] === "random" && values["student.dim"] !== values["teacher.dim"];
}

/** What W is. */
export const PROJECTION: Note = { key: "view.formula.projection" };
