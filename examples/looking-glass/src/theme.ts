const THEMES = ["system", "light", "dark"] as const;
const KEY = "looking-glass.theme";

/** A button that goes through the themes; the choice outlives the page. */
export function setUpTheme(button: HTMLElement): void {
  const stored = localStorage.getItem(KEY);
  let theme = THEMES.find((name) => name === stored) ?? "system";
  const show = (): void => {
    document.documentElement.dataset.theme = theme;
    button.textContent = { system: "◐ System", light: "☀ Light", dark: "☾ Dark" }[theme];
    button.setAttribute("aria-label", `Theme: ${theme}. Change`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem(KEY, theme);
    show();
  });
  show();
}
