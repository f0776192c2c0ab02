declare module "subset-font" {
  interface Options {
    targetFormat: "sfnt" | "woff" | "woff2" | "truetype";
    /** Axes of a variable font, narrowed. */
    variationAxes?: Record<string, { min: number; max: number }>;
  }
  /** The font with the letters of `text` only. */
  export default function subsetFont(font: Buffer, text: string, options: Options): Promise<Buffer>;
}
