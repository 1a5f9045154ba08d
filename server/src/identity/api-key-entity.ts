// A backend's key. The key itself is shown once and kept nowhere: its row holds the SHA-256 of it, which is enough,
// because 256 random bits cannot be guessed back from their hash.
import { EntitySchema } from 'typeorm';
import type { Role } from './principal.js';

export interface ApiKeyRow {
  tenant: string;
  id: string;
  /** SHA-256 of the key in base64url. */
  hash: string;
  name: string;
  roles: Role[];
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export const ApiKeyEntity = new EntitySchema<ApiKeyRow>({
  name: 'api_key',
  tableName: 'api_keys',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    hash: { type: 'text', unique: true },
    name: { type: 'text' },
    roles: { type: 'text', array: true },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    expiresAt: { type: 'timestamptz', name: 'expires_at', nullable: true },
    revokedAt: { type: 'timestamptz', name: 'revoked_at', nullable: true },
  },
});
