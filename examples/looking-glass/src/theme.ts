const THEMES = ["system", "light", "dark"] as const;
const KEY = "looking-glass.theme";

/** A button that goes through the themes; the choice outlives the page. */
export function setUpTheme(button: HTMLElement): void {
  const stored = localStorage.getItem(KEY);
  let theme = THEMES.find((name) => name === stored) ?? "system";
  const show = (): void => {
    document.documentElement.dataset.theme = theme;
    const [sign, name] = { system: ["◐", "System"], light: ["☀", "Light"], dark: ["☾", "Dark"] }[
      theme
    ];
    const word = document.createElement("span");
    word.textContent = ` ${name}`;
    button.replaceChildren(sign!, word);
    button.setAttribute("aria-label", `Theme: ${theme}. Change`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    localStorage.setItem(KEY, theme);
    show();
  });
  show();
}
