import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const top = fileURLToPath(new URL("../../../", import.meta.url));

/** The declarations of the package's entries, by the names under which they are imported. */
function entries(): Map<string, string> {
  const { exports } = JSON.parse(readFileSync(`${top}package.json`, "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  return new Map(
    Object.entries(exports).flatMap(([name, target]) =>
      typeof target === "string" ? [] : [[name, `${top}${target.types.slice(2)}`]],
    ),
  );
}

const takesArguments = (signatures: readonly ts.Signature[]): boolean =>
  signatures.some(({ parameters }) => parameters.length > 0);

/**
 * The public functions, constructors, methods and setters that take an argument, by the declarations
 * that are packed: `connect`, `ImsgCodec`, `ImsgCodec.push`. The keys are the entries.
 */
export function surface(): Map<string, string[]> {
  const files = entries();
  const program = ts.createProgram([...files.values()], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const signaturesOf = (symbol: ts.Symbol): readonly ts.Signature[] =>
    checker.getTypeOfSymbol(symbol).getCallSignatures();
  const isSettable = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some(ts.isSetAccessorDeclaration) === true;

  function namesOf(symbol: ts.Symbol): string[] {
    const { name } = symbol;
    const type = checker.getTypeOfSymbol(symbol);
    const names = takesArguments(type.getCallSignatures()) ? [name] : [];
    if ((symbol.flags & ts.SymbolFlags.Class) === 0) return names;
    if (takesArguments(type.getConstructSignatures())) names.push(name);
    const members = [
      ...type.getProperties(),
      ...checker.getDeclaredTypeOfSymbol(symbol).getProperties(),
    ];
    for (const member of members) {
      // members of Error and Array are not the library's
      const own = member.declarations?.some((each) =>
        each.getSourceFile().fileName.startsWith(top),
      );
      const takes = takesArguments(signaturesOf(member)) || isSettable(member);
      if (own && !member.name.startsWith("__") && takes) names.push(`${name}.${member.name}`);
    }
    return names;
  }

  return new Map(
    [...files].map(([entry, file]) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
      const names = checker.getExportsOfModule(module).flatMap((each) => {
        const alias = (each.flags & ts.SymbolFlags.Alias) !== 0;
        const symbol = alias ? checker.getAliasedSymbol(each) : each;
        return (symbol.flags & ts.SymbolFlags.Value) === 0 ? [] : namesOf(symbol);
      });
      return [entry, [...new Set(names)].sort()];
    }),
  );
}
