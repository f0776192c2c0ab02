declare module "virtual:lesson-ids" {
  export const LESSON_IDS: readonly string[];
}
