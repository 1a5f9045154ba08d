// The platform's own agents where a model is set up: each is its prompt (prompts.ts) and the thread of the room.
import type { Model, Turn } from '../../models/endpoint.js';
import type { AgentDefinition, Question, Said } from '../agent.js';
import { names, type BuiltInId } from './names.js';
import { prompts } from './prompts.js';

/** Of the history as much as a small model can read. */
const HISTORY_CHARACTERS = 24_000;

export function createModelAgents(model: Model): AgentDefinition[] {
  const agent = (id: BuiltInId): AgentDefinition => ({
    id,
    name: names[id],
    respond: (question) => model.answer({ system: systemOf(id, question), turns: turnsOf(question) }, question.signal),
  });
  return [agent('context'), agent('socratic'), agent('code')];
}

function systemOf(id: BuiltInId, { agent_id, instructions }: Question): string {
  const persona = agent_id === id ? [] : [`In this conversation you are called "${agent_id}".`];
  const wishes = instructions.length === 0 ? [] : ['What the person who asks wants of you:', ...instructions];
  return [prompts[id], ...persona, ...wishes].join('\n\n');
}

/** The newest of what was said that fits, the question last. */
function turnsOf({ history, message }: Question): Turn[] {
  const thread = [...history, message];
  const people = new Set(thread.filter(({ role }) => role === 'user').map(({ sender_id }) => sender_id));
  let left = HISTORY_CHARACTERS;
  const turns: Turn[] = [];
  for (const said of thread.toReversed()) {
    left -= said.content.length;
    if (left < 0 && turns.length > 0) break;
    if (said.content !== '') turns.unshift(turnOf(said, people.size > 1));
  }
  return turns;
}

function turnOf({ role, sender_name, content }: Said, several: boolean): Turn {
  if (role === 'agent') return { by: 'model', text: content };
  return { by: 'person', text: several ? `${sender_name}: ${content}` : content };
}
