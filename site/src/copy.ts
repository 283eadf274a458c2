/** Milliseconds that a button shows that it has copied. */
const SHOWN = 1500;

/** Makes a button copy a text, and show whether that was allowed. */
export function copyButton(button: HTMLElement, text: () => string | Promise<string>): void {
  const words = button.textContent ?? "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener("click", async () => {
    let shown = "Copied";
    try {
      await navigator.clipboard.writeText(await text());
    } catch {
      shown = "Not allowed";
    }
    button.textContent = shown;
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = words;
    }, SHOWN);
  });
}
