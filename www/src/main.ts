import { mount } from "svelte";

import "./app.css";
import "virtual:korean-font.css";
import type { WorkerLike } from "./engine/client";
import { locale } from "./i18n/index.svelte";
import { preferred } from "./i18n/locale";
import App from "./lab/App.svelte";
import { installTestHook } from "./lab/hook";
import { Lab } from "./lab/lab.svelte";
import { applyTheme, storedTheme } from "./lab/theme";
import { parseLink } from "./lab/url";
import { Course } from "./lessons/course.svelte";

applyTheme(storedTheme());

const { link, problems } = parseLink(location.search);
locale.value = link.locale ?? preferred(navigator.languages);
// The language decides on the font, which charts read when they are made.
document.documentElement.lang = locale.value;

function realWorker(): WorkerLike {
  return new Worker(new URL("./engine/worker.ts", import.meta.url), { type: "module", name: "distillery" });
}

/** `?fake` in development runs the page without wasm; the branch is cut from a build. */
async function spawner(): Promise<() => WorkerLike> {
  if (import.meta.env.DEV && new URLSearchParams(location.search).has("fake")) {
    const { FakeWorker } = await import("./engine/fake");
    return () => new FakeWorker({ delay: 30 });
  }
  return realWorker;
}

void spawner().then((spawn) => {
  const lab = new Lab(spawn, link);
  for (const problem of problems) lab.notices.fail(problem);
  // The engine is fetched while the page is built; and that in a task of its own, after the one that ran the modules.
  lab.start();
  setTimeout(() => {
    mount(App, { target: document.getElementById("app")!, props: { lab, course: new Course(lab) } });
    installTestHook(lab);
  });
});
