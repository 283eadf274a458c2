// Finds out that the page has not run for a while: the computer slept, the browser froze the page, or
// it comes back from the back-forward cache, whose WebSockets browsers cut.

/** How often the clock is looked at, in milliseconds. */
const BEAT = 1000;
/** A pause of this many milliseconds is a sleep. Browsers let a hidden page run once a minute. */
const SLEPT = { visible: 6_000, hidden: 75_000 };

/**
 * Calls back when the page runs again.
 *
 * @param woken called with the milliseconds for which the page did not run, and whether its connections are surely cut
 */
export function onWake(woken: (pause: number, isCut: boolean) => void): void {
  let last = Date.now();
  const wake = (isCut: boolean): void => {
    const pause = Date.now() - last;
    last = Date.now();
    woken(pause, isCut);
  };
  setInterval(() => {
    const limit = document.hidden ? SLEPT.hidden : SLEPT.visible;
    if (Date.now() - last > limit + BEAT) wake(false);
    else last = Date.now();
  }, BEAT);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) wake(true);
  });
  document.addEventListener("resume", () => wake(false));
}
