// What the page's main thread does in a frame, counted instead of timed: a count is the same on every machine.

/** Counts from the start of each page of `context` on. */
export const counted = (context) => context.addInitScript(instrument);

/** The most that any frame of `act` took: calls that draw on canvases, pixels put on them, and changes of the document. */
export async function workDuring(page, act) {
  await page.evaluate(() => window.__work.begin());
  await act();
  return page.evaluate(() => window.__work.most());
}

function instrument() {
  const none = () => ({ calls: 0, pixels: 0, changes: 0 });
  let frame = none();
  let most = none();
  let frames = 0;
  let engines = 0;

  /** Lets `note` see the arguments of every call of these functions of an object. */
  const watch = (owner, names, note) => {
    for (const name of names) {
      const inner = owner[name];
      owner[name] = function (...given) {
        note(name, given);
        return Reflect.apply(inner, this, given);
      };
    }
  };
  const functions = (owner) => Object.getOwnPropertyNames(owner).filter((name) => name !== "constructor" && typeof Object.getOwnPropertyDescriptor(owner, name).value === "function");
  for (const { prototype } of [CanvasRenderingContext2D, Path2D]) {
    watch(prototype, functions(prototype), (name, [image]) => {
      frame.calls += 1;
      if (name === "putImageData") frame.pixels += image.width * image.height;
    });
  }
  watch(WebAssembly, ["compile", "compileStreaming", "instantiate", "instantiateStreaming"], () => (engines += 1));

  new MutationObserver((records) => {
    for (const { type, addedNodes, removedNodes } of records) frame.changes += type === "childList" ? addedNodes.length + removedNodes.length : 1;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  // All that is drawn in a frame is told the same time.
  let at = -1;
  const close = () => {
    for (const what of Object.keys(most)) most[what] = Math.max(most[what], frame[what]);
    frames += 1;
    frame = none();
  };
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) =>
    ask((now) => {
      if (now !== at) close();
      at = now;
      draw(now);
    });

  window.__work = {
    begin: () => ([most, frame, frames] = [none(), none(), 0]),
    most: () => {
      close();
      return { ...most, frames, engines };
    },
  };
}
