// Times as bgpctl prints them.

const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");

/**
 * A span of seconds: 00:01:23, 1d02h03m, 04w5d06h.
 *
 * @param {number} seconds
 */
export function span(seconds) {
  const total = Math.max(0, seconds);
  const whole = (/** @type {number} */ unit) => Math.floor(total / unit);
  const [minutes, hours, days] = [whole(60), whole(3600), whole(86400)];
  const weeks = Math.floor(days / 7);
  if (weeks >= 1000) return `${weeks}w`;
  if (weeks > 0) return `${pad(weeks)}w${days % 7}d${pad(hours % 24)}h`;
  if (days > 0) return `${days}d${pad(hours % 24)}h${pad(minutes % 60)}m`;
  return [hours, minutes % 60, total % 60].map(pad).join(":");
}

/**
 * How long ago a time of the machine's monotonic clock was, in text and in seconds.
 *
 * @param {number} time
 * @param {number} now the same clock, of the daemon's own machine
 * @returns {[string, number]}
 */
export function since(time, now) {
  if (time === 0) return ["Never", -1];
  const seconds = Math.max(0, now - time);
  return [span(seconds), seconds];
}
