/** What is built in parts, a task each, so that the browser can draw and listen between them. */
import { onMount } from "svelte";

export class Gradually {
  /** Parts that are there. */
  built = $state(0);

  /** Within a component, while it is made. */
  constructor(readonly parts: number) {
    onMount(() => {
      const next = (): void => {
        this.built += 1;
        if (this.built < parts) timer = setTimeout(next);
      };
      let timer = setTimeout(next);
      return () => clearTimeout(timer);
    });
  }
}
