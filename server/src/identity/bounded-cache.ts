// A map that forgets: entries end at their own time, and when it is full the one used longest ago goes first.

export interface BoundedCache<Value> {
  get(key: string): Value | undefined;
  /** @param endsAt milliseconds since the epoch, from when on the entry is not handed out */
  set(key: string, value: Value, endsAt: number): void;
  deleteWhere(matches: (value: Value) => boolean): void;
}

/**
 * @param capacity most entries that are kept
 * @param clock milliseconds since the epoch
 */
export function createBoundedCache<Value>(capacity: number, clock: () => number): BoundedCache<Value> {
  const entries = new Map<string, { value: Value; endsAt: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      if (entry.endsAt <= clock()) return undefined;
      entries.set(key, entry);
      return entry.value;
    },

    set(key, value, endsAt) {
      entries.delete(key);
      entries.set(key, { value, endsAt });
      const [oldest] = entries.size > capacity ? entries.keys() : [];
      if (oldest !== undefined) entries.delete(oldest);
    },

    deleteWhere(matches) {
      for (const [key, entry] of entries) if (matches(entry.value)) entries.delete(key);
    },
  };
}
