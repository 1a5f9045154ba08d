import { describe, expect, it } from '@jest/globals';
import { createBoundedCache } from '../../src/identity/bounded-cache.js';

describe('a bounded cache', () => {
  it('hands an entry out until it ends', () => {
    let now = 0;
    const cache = createBoundedCache<string>(10, () => now);
    cache.set('a', 'one', 100);
    now = 99;
    expect(cache.get('a')).toBe('one');
    now = 100;
    expect(cache.get('a')).toBeUndefined();
    now = 0;
    expect(cache.get('a')).toBeUndefined();
  });

  it('lets go of the entry that was used longest ago', () => {
    const cache = createBoundedCache<number>(2, () => 0);
    cache.set('a', 1, 1);
    cache.set('b', 2, 1);
    cache.get('a');
    cache.set('c', 3, 1);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
  });

  it('a new value takes the place of the old one', () => {
    const cache = createBoundedCache<number>(2, () => 0);
    for (let value = 0; value < 10; value += 1) cache.set('a', value, 1);
    cache.set('b', 1, 1);
    expect([cache.get('a'), cache.get('b')]).toEqual([9, 1]);
  });

  it('forgets what it is told to', () => {
    const cache = createBoundedCache<number>(10, () => 0);
    for (const value of [1, 2, 3, 4]) cache.set(String(value), value, 1);
    cache.deleteWhere((value) => value % 2 === 0);
    expect(['1', '2', '3', '4'].map((key) => cache.get(key))).toEqual([1, undefined, 3, undefined]);
  });
});
