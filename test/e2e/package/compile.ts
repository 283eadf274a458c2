import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "typescript";
import { top } from "./installed.ts";

export type TypeScript = typeof import("typescript");

/** Puts Node's types into a project, which cannot install them without a network. */
export function linkNodeTypes(project: string): void {
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  for (const dependency of ["@types/node", "undici-types"]) {
    symlinkSync(join(top, "node_modules", dependency), join(project, "node_modules", dependency));
  }
}

/** Parsed files, by the version of TypeScript, the kind of modules, and the path. */
const parsed = new Map<string, SourceFile | undefined>();

/**
 * Returns the errors that TypeScript finds in a program of a project, and in the declarations of
 * packages which that program imports. It skips only the declarations of the language itself.
 */
export function errorsOf(
  ts: TypeScript,
  project: string,
  code: string,
  more: Record<string, unknown>,
): string[] {
  const name = join(project, "program.ts");
  const settings = {
    ...{ strict: true, noEmit: true, target: "ES2022", types: [], module: "NodeNext" },
    ...{ skipDefaultLibCheck: true, ...more },
  };
  const { options, errors } = ts.convertCompilerOptionsFromJson(settings, project);
  if (errors.length > 0) throw new Error(String(errors[0]?.messageText));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.getCurrentDirectory = () => project;
  host.readFile = (file) => (file === name ? code : readFile(file));
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...rest) => {
    if (file === name) {
      return ts.createSourceFile(file, code, { ...Object(rest[0]), impliedNodeFormat: 99 });
    }
    const key = `${ts.version} ${settings.module} ${file}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(file, ...rest));
    return parsed.get(key);
  };
  return ts
    .getPreEmitDiagnostics(ts.createProgram([name], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
