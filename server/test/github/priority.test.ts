import { describe, expect, it } from '@jest/globals';
import { priorityOf } from '../../src/github/priority.js';

describe('the priority of an issue', () => {
  it.each([
    ['priority: critical', 'critical'],
    ['Priority: High', 'high'],
    ['priority:medium', 'medium'],
    ['priority/low', 'low'],
    ['priority-high', 'high'],
    ['priority high', 'high'],
    ['priority: P1', 'high'],
    ['🔥 priority: critical', 'critical'],
    ['P0', 'critical'],
    ['p1', 'high'],
    ['P2', 'medium'],
    ['p3', 'low'],
    ['critical', 'critical'],
    ['HIGH', 'high'],
    ['medium', 'medium'],
    ['low', 'low'],
  ])('is told by the label "%s"', (label, priority) => {
    expect(priorityOf(['bug', label])).toBe(priority);
  });

  it.each([
    'bug',
    'priority',
    'priority: someday',
    'high contrast',
    'low-hanging fruit',
    'highlight',
    'P4',
    'P10',
    'kritisch',
    'constructor',
    'höhe: low',
    '',
  ])('is not told by the label "%s"', (label) => {
    expect(priorityOf([label])).toBeNull();
  });

  it('is none without labels', () => {
    expect(priorityOf([])).toBeNull();
  });

  it('is the most urgent one where labels disagree', () => {
    expect(priorityOf(['low', 'P1', 'priority: medium'])).toBe('high');
  });
});
