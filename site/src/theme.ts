const THEMES = ["system", "light", "dark"] as const;
/** public/theme.js reads it too, before the page is drawn. */
const KEY = "imsg.theme";

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

/** Makes a button go through the themes. The choice outlives the page where that is allowed. */
export function setUpTheme(button: HTMLElement): void {
  const before = stored();
  let theme = THEMES.find((name) => name === before) ?? "system";
  const show = (): void => {
    document.documentElement.dataset.theme = theme;
    button.textContent = { system: "Auto", light: "Light", dark: "Dark" }[theme];
    button.setAttribute("aria-label", `Theme: ${button.textContent}. Change`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // the choice lasts as long as the page
    }
    show();
  });
  show();
}
