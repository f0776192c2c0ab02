/** How large the page is drawn: a projector's back row needs more. Canvases cannot be zoomed without a blur and wrong pointers, so they ask. */
export const LARGE = 1.35;

let current = $state(1);

export const scale = {
  get value(): number {
    return current;
  },
  set value(next: number) {
    current = next;
    document.documentElement.style.setProperty("--zoom", String(next));
    document.documentElement.toggleAttribute("data-large", next > 1);
  },
};
