/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Fields that say how long ago something was, or when it is due: they change between two looks. */
const AGE = /^(last_.*_sec|due)$/;
/** The same in words. */
const AGE_TEXT = /^last_(?!error)(?!shutdown)(?!sent)(?!recv).*(?<!_sec)$/;

/** What does not change by itself. */
export function still(value: Json): Json {
  if (Array.isArray(value)) return value.map(still);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !AGE.test(name) && !AGE_TEXT.test(name));
  return Object.fromEntries(fields.map(([name, field]) => [name, still(field)]));
}

/** The ages in seconds with their places, and whether the words beside them say the same. */
export function ages(value: Json, place = ""): [string, number][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]): [string, number][] =>
    AGE.test(name) ? [[`${place}/${name}`, Number(field)]] : ages(field, `${place}/${name}`),
  );
}

/** The ages in words, by the place of their seconds. */
export function words(value: Json, place = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]): [string, string][] =>
    !Array.isArray(value) && AGE_TEXT.test(name)
      ? [[`${place}/${name}_sec`, String(field)]]
      : words(field, `${place}/${name}`),
  );
}

/** How many values a document has: what is neither an object nor an array. */
export function fields(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + fields(each), 0);
}
