// Days as the bank counts them, whose midnight is not UTC's.
const HOUR = 3_600_000;
const BANK_IS_AHEAD_OF_UTC = 8 * HOUR;

/** The bank's day so many days from today, as `2026-11-26`. */
export const day = (ahead = 0) =>
  new Date(Date.now() + BANK_IS_AHEAD_OF_UTC + ahead * 24 * HOUR).toISOString().slice(0, 10);
