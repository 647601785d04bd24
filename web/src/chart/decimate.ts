/** Samples of one signal in columns; `v` may hold NaN where a line must not pass. */
export interface Samples {
  t: Float64Array;
  v: Float64Array;
}

/**
 * Of each pixel column keeps the minimum and the maximum, in their order in time: at most two samples a column, and the picture is the same.
 * Columns are aligned to absolute time, so that peaks do not flicker while the window slides. A gap (NaN) stays a gap.
 * `reduced` says whether anything was left out.
 */
export function decimate(samples: Samples, from: number, to: number, columns: number): Samples & { reduced: boolean } {
  const width = (to - from) / Math.max(1, columns);
  const [start, end] = [lowerBound(samples.t, from), lowerBound(samples.t, to + 1e-9)];
  if (end - start <= 2 * columns) return { t: samples.t.slice(start, end), v: samples.v.slice(start, end), reduced: false };
  const out: number[] = [];
  for (let i = start; i < end; ) i = column(samples, i, end, width, out);
  return { ...pick(samples, out), reduced: true };
}

/** Takes one column from `i` on, notes what is kept, returns where the next begins. */
function column(samples: Samples, i: number, end: number, width: number, out: number[]): number {
  const { t, v } = samples;
  const name = Math.floor(t[i]! / width);
  let [low, high, gap] = [-1, -1, -1];
  let j = i;
  for (; j < end && Math.floor(t[j]! / width) === name; j++) {
    if (Number.isNaN(v[j]!)) gap = j;
    else {
      if (low < 0 || v[j]! < v[low]!) low = j;
      if (high < 0 || v[j]! > v[high]!) high = j;
    }
  }
  const kept = [...new Set([low, high, gap])].filter((k) => k >= 0);
  out.push(...kept.sort((a, b) => a - b));
  return j;
}

function pick(samples: Samples, at: number[]): Samples {
  return {
    t: Float64Array.from(at, (i) => samples.t[i]!),
    v: Float64Array.from(at, (i) => samples.v[i]!),
  };
}

/** First index whose time is not before `t`. */
export function lowerBound(times: ArrayLike<number>, t: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}
