// A job of another program tells a project how far it is: node report.mjs. It needs a key or token of a publisher.
import { createProgressReporter, createPublisher } from '@roomcast/server/publisher';

const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: key = '' } = process.env;
const publisher = createPublisher({ url: ROOMCAST_URL, key });
const project = createProgressReporter(publisher).for('42');
const requirements = ['Encryption at rest', 'Audit log', 'Single sign-on'];

const { matched } = await project.during('matching', async ({ matching }) => {
  for (const [done, requirement] of requirements.entries()) {
    await matching({
      current_requirement: requirement,
      requirements_completed: done,
      requirements_total: requirements.length,
    });
  }
  return { matched: requirements.length };
});
console.log(`${matched} requirements matched`);
await publisher.close();
