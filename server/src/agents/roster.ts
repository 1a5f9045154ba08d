// Which agents there are: the platform's own, answered for by a model or by rules, and those of the host application,
// which may take an own one's place.
import type { Model } from '../models/endpoint.js';
import type { AgentDefinition } from './agent.js';
import { createModelAgents } from './built-in/model-agents.js';
import { GENERAL } from './built-in/names.js';
import { createOfflineAgents } from './built-in/offline-agents.js';

export interface Roster {
  /** The agent that answers under an id: the one that was registered for it, else the general one. */
  agentOf(agentId: string): AgentDefinition;
  /** What people are shown; an id that nobody has registered is its own name. */
  nameOf(agentId: string): string;
}

/** @throws TypeError when two of the host application's agents have one id */
export function createRoster(model: Model | null, own: readonly AgentDefinition[]): Roster {
  const twice = own.find(({ id }, index) => own.findIndex((agent) => agent.id === id) !== index);
  if (twice) throw new TypeError(`agent "${twice.id}" is registered twice`);
  const all = [...(model ? createModelAgents(model) : createOfflineAgents()), ...own];
  const agents = new Map(all.map((agent) => [agent.id, agent]));
  const general = agents.get(GENERAL);
  if (!general) throw new TypeError(`there is no agent "${GENERAL}"`);
  return {
    agentOf(agentId) {
      const registered = agents.get(agentId);
      return registered ?? { ...general, id: agentId, name: agentId, respond: (question) => general.respond(question) };
    },
    nameOf: (agentId) => agents.get(agentId)?.name ?? agentId,
  };
}
