// Records of several messages: routes with their attributes, sessions with their timers.

/**
 * Groups the messages of a listing: each message of one name with those behind it that belong to
 * it. Messages before the first of that name are dropped.
 *
 * @template {{ name: string }} M
 * @template {M["name"]} H
 * @param {AsyncIterable<M>} listing
 * @param {H} name
 * @returns {AsyncGenerator<{ head: Extract<M, { name: H }>, rest: Exclude<M, { name: H }>[] }>}
 */
export async function* groups(listing, name) {
  /** @type {{ head: Extract<M, { name: H }>, rest: Exclude<M, { name: H }>[] } | undefined} */
  let group;
  for await (const message of listing) {
    if (message.name === name) {
      if (group !== undefined) yield group;
      group = { head: /** @type {Extract<M, { name: H }>} */ (message), rest: [] };
    } else {
      group?.rest.push(/** @type {Exclude<M, { name: H }>} */ (message));
    }
  }
  if (group !== undefined) yield group;
}
