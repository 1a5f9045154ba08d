// A host application that has nothing but workflows: the platform in the process of the test, on a port of its own.
import { createRoomcast, type Roomcast, type RoomcastOptions, type Workflow } from '@roomcast/server';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { testSecret } from '../support/tokens.js';

export interface Host {
  readonly url: string;
  readonly roomcast: Roomcast;
  readonly database: TestDatabase;
  /** The run, once it has come to this; it has ended unless told. */
  reached(run: { id: string; tenant: string }, is?: (run: Workflow) => boolean): Promise<Workflow>;
  close(): Promise<void>;
}

/** @param on a database that stays when the host closes */
export async function openHost(options: RoomcastOptions, on?: TestDatabase): Promise<Host> {
  const database = on ?? (await testDatabase());
  const settings = { ...database.env, JWT_SECRET: testSecret, LOG_LEVEL: 'silent', DRAIN_SECONDS: '0', PORT: '0' };
  const roomcast = await createRoomcast({ ...options, settings: { ...settings, ...options.settings } });
  return {
    url: await roomcast.start(),
    roomcast,
    database,
    reached: ({ id, tenant }, is = ({ finished_at }) => finished_at !== null) =>
      eventually(async () => {
        const run = await roomcast.workflows.find(id, { tenant });
        if (!is(run)) throw new Error(`it is ${JSON.stringify(run)}`);
        return run;
      }),
    async close() {
      await roomcast.stop();
      if (!on) await database.drop();
    },
  };
}
