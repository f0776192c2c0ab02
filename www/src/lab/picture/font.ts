/** A picture in Korean takes the page's letters along: as a file it must not depend on the fonts of the machine that opens it. */

const FAMILY = "Distillery Korean";

function address(): string | null {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules].map((rule) => ({ rule, base: sheet.href ?? document.baseURI })));
  for (const { rule, base } of rules) {
    if (!(rule instanceof CSSFontFaceRule) || !rule.style.getPropertyValue("font-family").includes(FAMILY)) continue;
    const path = /url\("?([^")]+)"?\)/.exec(rule.style.getPropertyValue("src"))?.[1];
    if (path !== undefined) return new URL(path, base).href;
  }
  return null;
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("unreadable font"));
    reader.readAsDataURL(blob);
  });
}

/** The SVG with its font inside, where it has Hangul and the page a font for it; else as it was. */
export async function withFont(svg: string): Promise<string> {
  const from = /[ㄱ-ㅎ가-힣]/.test(svg) ? address() : null;
  if (from === null) return svg;
  try {
    const source = await dataUrl(await (await fetch(from)).blob());
    return svg.replace("<title>", `<style>@font-face{font-family:"${FAMILY}";src:url("${source}") format("woff2");font-weight:400 700}</style><title>`);
  } catch {
    // Offline before the font ever came: whoever opens the file most likely has a Korean one.
    return svg;
  }
}
