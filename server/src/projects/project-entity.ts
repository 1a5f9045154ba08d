// A project of a tenant. A deleted one stays as a tombstone: its id is never given to another project, because the
// events of its room are still in the log.
import { EntitySchema } from 'typeorm';

export interface ProjectRow {
  tenant: string;
  id: string;
  name: string;
  repositoryUrl: string | null;
  /** The repository's name in the form in which webhooks are matched to projects. */
  repositoryKey: string | null;
  status: string;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export const ProjectEntity = new EntitySchema<ProjectRow>({
  name: 'project',
  tableName: 'projects',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    repositoryUrl: { type: 'text', name: 'repository_url', nullable: true },
    repositoryKey: { type: 'text', name: 'repository_key', nullable: true },
    status: { type: 'text' },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
    deletedAt: { type: 'timestamptz', name: 'deleted_at', nullable: true },
  },
});
