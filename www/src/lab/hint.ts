/** How this visitor may get WebGPU: the id of a text, by browser and system. */

/** Browsers and systems whose way to WebGPU differs. Each has a text `hint.<id>`. */
export const HINTS = ["insecure", "safari_old", "ios_old", "firefox_linux", "firefox", "chrome_linux", "chrome_android", "chrome", "other"] as const;
type Hint = (typeof HINTS)[number];

/** `secure` is `isSecureContext`: without it no browser offers WebGPU. */
export function hintFor(agent: string, secure: boolean): Hint {
  if (!secure) return "insecure";
  if (/iPhone|iPad/.test(agent)) return "ios_old";
  if (agent.includes("Firefox/")) return /Linux|Android/.test(agent) ? "firefox_linux" : "firefox";
  if (/Chrome\/|Chromium\//.test(agent)) {
    if (agent.includes("Android")) return "chrome_android";
    return agent.includes("Linux") ? "chrome_linux" : "chrome";
  }
  return agent.includes("Safari/") ? "safari_old" : "other";
}
