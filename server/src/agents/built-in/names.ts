// The platform's own agents.

/** What people are shown, by id. */
export const names = {
  context: 'Assistant',
  socratic: 'Socratic teacher',
  code: 'Code reviewer',
} as const;

export type BuiltInId = keyof typeof names;

/** The one that answers under ids that no agent was registered for. */
export const GENERAL: BuiltInId = 'context';
