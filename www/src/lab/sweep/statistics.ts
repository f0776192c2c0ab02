/** Intervals over paired seeds, defined as in `src/eval/statistics.rs`: both students of a run share first weights and batches. */

export interface Interval {
  mean: number;
  /** Half the width of the 95 % Student-t interval; null for a single value, whose spread is unknown. */
  half: number | null;
}

/** The 97.5 % quantile of Student's t, by degrees of freedom from 1: the page takes no more than ten seeds. */
const T_QUANTILES = [12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157];

export function interval(values: readonly number[]): Interval | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, half: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const quantile = T_QUANTILES[Math.min(count - 1, T_QUANTILES.length) - 1]!;
  return { mean, half: quantile * Math.sqrt(variance / count) };
}

/** Whether the interval leaves out zero; null for a single value, which is no evidence. */
export function decided(of: Interval): boolean | null {
  return of.half === null ? null : Math.abs(of.mean) > of.half;
}
