// The priority of an issue, as the labels of its repository tell it. Teams write it in three ways: "priority: high" (with
// any separator), P0–P3, or the bare word.

export const priorities = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof priorities)[number];

const LEVELS: Readonly<Record<string, Priority>> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  p0: 'critical',
  p1: 'high',
  p2: 'medium',
  p3: 'low',
};

/** @returns the most urgent priority that one of the labels names; null when none does */
export function priorityOf(labels: readonly string[]): Priority | null {
  const named = new Set(labels.map(priorityOfLabel));
  return priorities.find((priority) => named.has(priority)) ?? null;
}

function priorityOfLabel(label: string): Priority | undefined {
  // Only words count: what stands between and around them differs from team to team.
  const words = label.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const [level, ...more] = words[0] === 'priority' ? words.slice(1) : words;
  if (level === undefined || more.length > 0) return undefined;
  return Object.hasOwn(LEVELS, level) ? LEVELS[level] : undefined;
}
