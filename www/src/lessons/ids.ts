/** The lessons in their order: each file of `content/` is one, at the `place` that it says. Without their texts, so that the address can be read before those arrive. */
import { LESSON_IDS } from "virtual:lesson-ids";

export { LESSON_IDS };

export const isLessonId = (text: string | null): text is string => text !== null && LESSON_IDS.includes(text);
