/** How Playwright starts Debian's browsers; none fetches anything of its own. */
export const LAUNCH = {
  chromium: {
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
  firefox: { executablePath: "/usr/bin/firefox-esr", channel: "moz-firefox" },
};
