/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Fields with the age of an event or the time until one: they change between two requests. */
const AGE = /^(last_.*_sec|due)$/;
/** The same in words. */
const AGE_TEXT = /^last_(?!error)(?!shutdown)(?!sent)(?!recv).*(?<!_sec)$/;

/** The fields that do not change by themselves. */
export function still(value: Json): Json {
  if (Array.isArray(value)) return value.map(still);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !AGE.test(name) && !AGE_TEXT.test(name));
  return Object.fromEntries(fields.map(([name, field]) => [name, still(field)]));
}

/** The ages in seconds with their places, and whether the words beside them agree. */
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

/** The number of a document's values that are neither objects nor arrays. */
export function fields(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + fields(each), 0);
}
