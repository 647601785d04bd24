/** The clock of the mock: it starts at a fixed moment, so that pictures can be compared. */
const START = Date.UTC(2026, 10, 23, 10, 42, 16) / 1000;
const BOOT = Date.now();

export const SPEED = Number(process.env.MOCK_SPEED ?? '1');

export function now(): number {
  return START + ((Date.now() - BOOT) / 1000) * SPEED;
}

export const DAY = 86400;
export const HOUR = 3600;
