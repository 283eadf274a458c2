export const folder: string;
export const SOURCES: Record<
  "openbgpd" | "tmux" | "opensmtpd68" | "opensmtpd74" | "openntpd" | "frr",
  { pool: string; archive: string; sha256: string }
>;
export function source(name: keyof typeof SOURCES): Promise<string>;
