/** A public member of a class of the wrapper, and the C functions that its comment names. */
export interface Member {
  readonly names: readonly string[];
  readonly type: string;
  readonly name: string;
  readonly kind: "getter" | "method" | "static";
  readonly call: string;
  readonly errors: string;
}

/** A row of the table in docs/c-api.md. */
export interface Row {
  readonly line: string;
  readonly typescript: string;
  readonly ownership: string;
  readonly errors: string;
}

export function declaredFunctions(header: string): string[];
export function wrapperMembers(sources?: readonly string[]): Member[];
export function tableRows(text?: string): Map<string, Row>;
export function wantedRow(name: string, ownership: string, members: readonly Member[]): string;
