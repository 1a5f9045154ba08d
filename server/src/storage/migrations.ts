/** Every step of the product's schema, in order. */
import type { Migration } from './migration.js';
import { migration as events } from './migrations/0001-events.js';
import { migration as features } from './migrations/0002-features.js';
import { migration as chat } from './migrations/0003-chat.js';
import { migration as workflows } from './migrations/0004-workflows.js';
import { migration as agents } from './migrations/0005-agents.js';

export const migrations: readonly Migration[] = [events, features, chat, workflows, agents];
