/**
 * What is shipped beside the engine: data and teachers that the first run does not need. A part is fetched when the engine refuses a run for
 * want of it, and then the engine is asked once more. The service worker keeps all of them, when the page is up, for visits without a network.
 */
import fashionImages from "../../../src/data/fashion.bin?url";
import fashionTeacher from "../../../src/train/teachers/fashion.safetensors?url";
import grammarTeacher from "../../../src/train/teachers/grammar.safetensors?url";

import type { Part } from "./generated/types";
import { failure, type Command, type Reply } from "./protocol";

interface Sends {
  send(command: Command): Promise<Reply[]>;
}

const PLACES: Record<Part, string> = { fashion_images: fashionImages, fashion_teacher: fashionTeacher, grammar_teacher: grammarTeacher };

function isPart(key: string | null): key is Part {
  return key !== null && key in PLACES;
}

/** The part for want of which the engine refused. */
function wanted(replies: readonly Reply[]): Part | null {
  for (const reply of replies) if (reply.type === "error" && reply.code === "not_brought" && isPart(reply.key)) return reply.key;
  return null;
}

/** Carries out a command, with every shipped part that it lacks. */
export async function sendWithParts(engine: Sends, command: Command): Promise<Reply[]> {
  const brought = new Set<Part>();
  for (;;) {
    const replies = await engine.send(command);
    const part = wanted(replies);
    if (part === null || brought.has(part)) return replies;
    try {
      const response = await fetch(PLACES[part]);
      if (!response.ok) throw new Error(String(response.status));
      await engine.send({ type: "bring", part, bytes: new Uint8Array(await response.arrayBuffer()) });
    } catch (thrown) {
      return [{ ...failure("not_fetched", thrown instanceof Error ? thrown.message : String(thrown)), fatal: false }];
    }
    brought.add(part);
  }
}
