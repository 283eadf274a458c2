// Sets the chosen theme before the page is drawn, so that it does not flash. See src/theme.ts.
try {
  document.documentElement.dataset.theme = localStorage.getItem("imsg.theme") ?? "system";
} catch {
  // the browser keeps nothing for this page
}
