import type { Values } from "../../knobs";
import { isEncoder, isText } from "../../task";
import { ofClasses } from "./classes";
import { ofEncoders } from "./encoders";
import type { Formula } from "./formula";
import { ofTexts } from "./texts";

/** What the students of an experiment minimise. */
export function formulaOf(values: Values): Formula {
  if (isEncoder(values)) return ofEncoders(values);
  return isText(values) ? ofTexts(values) : ofClasses(values);
}
