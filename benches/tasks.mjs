// What the tasks of a page's main thread take.

/**
 * Tasks of the main thread during `act`, each with its time on the clock and on a processor, ms. The browser's own `longtask` entries know the
 * clock only, and where two cores are shared with a training Worker and a compiler, a task of 5 ms may take 150 on the clock.
 */
export async function tasksDuring(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] } });
  await act();
  // The browser's own pages are traced too, each with a main thread: this one says where it is.
  await page.evaluate(() => console.timeStamp("the page"));
  await session.send("Tracing.end");
  await complete;
  const own = events.find(({ name, args }) => name === "TimeStamp" && args.data?.message === "the page");
  if (own === undefined) throw new Error("the trace does not have the page's main thread");
  return events
    .filter(({ name, ph, pid, tid }) => name === "RunTask" && ph === "X" && pid === own.pid && tid === own.tid)
    .map(({ dur, tdur }) => ({ clock: dur / 1000, processor: tdur / 1000 }));
}
