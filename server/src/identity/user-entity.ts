// The table of users. A user is (tenant, id): the row is made when a user is first seen, or first named by somebody.
import { EntitySchema } from 'typeorm';

export interface UserRow {
  tenant: string;
  id: string;
  /** Null until a token has told it. */
  name: string | null;
  active: boolean;
  lastSeen: Date | null;
}

export const UserEntity = new EntitySchema<UserRow>({
  name: 'user',
  tableName: 'users',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    name: { type: 'text', nullable: true },
    active: { type: 'boolean', default: true },
    lastSeen: { type: 'timestamptz', name: 'last_seen', nullable: true },
  },
});
