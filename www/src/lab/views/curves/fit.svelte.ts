/** What a drawing on a canvas follows: the width of its place, and the colours and the font of the page. */
import type uPlot from "uplot";
import { onThemeChange, palette, rgb, type Palette } from "./palette";

/** Calls back with the width of an element when it is another one, but for that of a hidden element. Returns what stops it. */
function onWidthChange(host: HTMLElement, changed: (width: number) => void): () => void {
  let width = host.clientWidth;
  const observer = new ResizeObserver(() => {
    if (host.clientWidth === width || host.clientWidth === 0) return;
    width = host.clientWidth;
    changed(width);
  });
  observer.observe(host);
  return () => observer.disconnect();
}

/** Keeps a chart as wide as its host and in the page's colours, which `recolour` reads anew. Returns what ends it and the chart. */
export function keepFitting(plot: uPlot, host: HTMLElement, recolour: () => void): () => void {
  const stopWidth = onWidthChange(host, (width) => plot.setSize({ width, height: plot.height }));
  const stopTheme = onThemeChange(() => {
    recolour();
    plot.redraw(false, true);
  });
  return () => {
    stopWidth();
    stopTheme();
    plot.destroy();
  };
}

/** Width of a canvas in pixels of the page, its colours, and a number that grows when the page looks otherwise. */
export class Fitted {
  width = $state(0);
  theme = $state(0);
  /** Read once per theme, not with every drawing: it makes the browser compute styles. */
  private known: Palette | null = null;

  colours(canvas: HTMLCanvasElement): Palette {
    return (this.known ??= palette(canvas.parentElement!));
  }

  /** For the `$effect` of its component. Returns what stops it. */
  follow(canvas: HTMLCanvasElement): () => void {
    this.width = canvas.clientWidth;
    const stopWidth = onWidthChange(canvas, (width) => (this.width = width));
    const stopTheme = onThemeChange(() => {
      this.known = null;
      this.theme += 1;
    });
    return () => {
      stopWidth();
      stopTheme();
    };
  }
}

/** Red, green and blue of one of the page's colours, read once per theme: it makes the browser compute styles. For a component, while it is made. */
export function channels(name: "ink" | "accent", canvas: () => HTMLCanvasElement | undefined): () => number[] {
  let theme = $state(0);
  $effect(() => onThemeChange(() => (theme += 1)));
  const found = $derived.by(() => {
    void theme;
    const host = canvas()?.parentElement;
    return host ? rgb(palette(host)[name]) : [];
  });
  return () => found;
}
