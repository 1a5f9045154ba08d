// A short text for one user, with a read state that all devices share.
import { EntitySchema } from 'typeorm';

export interface NotificationRow {
  tenant: string;
  id: string;
  userId: string;
  title: string;
  message: string;
  level: 'info' | 'success' | 'warning' | 'error';
  projectId: string | null;
  link: string | null;
  createdAt: Date;
  readAt: Date | null;
}

export const NotificationEntity = new EntitySchema<NotificationRow>({
  name: 'notification',
  tableName: 'notifications',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    userId: { type: 'text', name: 'user_id' },
    title: { type: 'text' },
    message: { type: 'text' },
    level: { type: 'text' },
    projectId: { type: 'text', name: 'project_id', nullable: true },
    link: { type: 'text', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    readAt: { type: 'timestamptz', name: 'read_at', nullable: true },
  },
});
