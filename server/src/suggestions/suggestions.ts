// Suggestions of AI: kept, and told to the room of their project. The project need not be one of the platform's own.
import { RoomcastError, rooms, type aiSuggestion, type BuiltInCatalogue, type EventData } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Principal } from '../identity/principal.js';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { SuggestionRow } from './suggestion-entity.js';
import * as store from './suggestion-store.js';

type SuggestionData = EventData<typeof aiSuggestion>;

/** A suggestion as callers see it: what the event told, and when. */
export type Suggestion = SuggestionData & { created_at: string };

export type NewSuggestion = Omit<SuggestionData, 'suggestion_id'> & { suggestion_id?: string | undefined };

export interface Suggestions {
  /** The caller must be a publisher. @throws RoomcastError `conflict` when the id is taken, `not_found` the project */
  create(caller: Principal, input: NewSuggestion): Promise<Suggestion>;
  /** A project's suggestions, newest first. @throws RoomcastError `not_found` */
  list(caller: Principal, projectId: string, page: ListRequest): Promise<ListPage<Suggestion>>;
}

export interface SuggestionsDeps {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  /** @throws RoomcastError `not_found` or `forbidden` unless the caller may enter the room */
  authorize(caller: Principal, room: string): Promise<void>;
}

export function createSuggestions({ dataSource, broadcaster, authorize }: SuggestionsDeps): Suggestions {
  return {
    async create(caller, input) {
      const { tenant, userId } = caller;
      await authorize(caller, rooms.project(input.project_id));
      const data = { ...input, suggestion_id: input.suggestion_id ?? newId() };
      const row = rowOf(tenant, data);
      return inTransaction(dataSource, async (manager) => {
        if (!(await store.insertSuggestion(manager, row))) {
          throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
        }
        await broadcaster.in(manager).emit('ai.suggestion', data, { tenant, caller: userId });
        return suggestionOf(row);
      });
    },

    async list(caller, projectId, page) {
      await authorize(caller, rooms.project(projectId));
      const { tenant } = caller;
      return mapListPage(await store.listSuggestions(dataSource.manager, { tenant, projectId }, page), suggestionOf);
    },
  };
}

function rowOf(tenant: string, data: SuggestionData): SuggestionRow {
  return {
    tenant,
    id: data.suggestion_id,
    projectId: data.project_id,
    targetType: data.target_type,
    targetId: data.target_id,
    category: data.category,
    title: data.title,
    description: data.description,
    severity: data.severity,
    confidence: data.confidence,
    suggestedAction: data.suggested_action ?? null,
    metadata: data.metadata,
    createdAt: new Date(),
  };
}

function suggestionOf(row: SuggestionRow): Suggestion {
  return {
    suggestion_id: row.id,
    target_type: row.targetType,
    target_id: row.targetId,
    category: row.category,
    title: row.title,
    description: row.description,
    severity: row.severity,
    confidence: row.confidence,
    ...(row.suggestedAction === null ? {} : { suggested_action: row.suggestedAction }),
    metadata: row.metadata,
    project_id: row.projectId,
    created_at: row.createdAt.toISOString(),
  };
}
