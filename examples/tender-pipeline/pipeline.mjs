// From a call for tenders to a tender, as one workflow of four operations. Whatever is finished is kept: after a restart,
// also after kill -9, it goes on with the first requirement that has no section yet.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createProgressReporter, defineWorkflow, WorkflowError } from '@roomcast/server';
import { z } from 'zod';
import { passagesFor } from './content-library.mjs';
import { wordDocument } from './document.mjs';
import { pagesOf, requirementsIn } from './tender.mjs';

/** Where the files of a run are. */
export const fileOf = (folder, id, kind) => join(folder, `${id}.${kind}`);

/**
 * @param {object} deps
 * @param {string} deps.folder where calls for tenders lie and tenders are written
 * @param {number} deps.pauseMs between two pieces of work, so that people can watch
 * @param {() => import('typeorm').DataSource} deps.dataSource
 * @param {(requirement: object, passages: object[], signal: AbortSignal) => Promise<string>} deps.write an agent's words
 */
export function tenderWorkflow({ folder, pauseMs, dataSource, write }) {
  return defineWorkflow({
    name: 'tender',
    title: 'Tender',
    input: z.object({ call: z.string().regex(/^[\w-]{1,64}$/) }),
    retry: { attempts: 5, firstMs: 500 },
    async run(context) {
      const { input, projectId, signal, step, workflowId } = context;
      const report = createProgressReporter(context).for(projectId);
      const breathe = () => pause(pauseMs, undefined, { signal });
      const progress = (current_step, done, total) =>
        context.progress({ current_step, total_steps: 4, progress: Math.round(done + total * 25) });

      const requirements = await step('rc_analysis', () =>
        report.during('rc_analysis', async () => {
          progress('rc_analysis', 0, 0);
          await report.rcAnalysis({ status: 'extracting_text', progress: 10, message: 'Reading the PDF' });
          const pages = await pagesOf(new Uint8Array(await readFile(fileOf(folder, input.call, 'pdf'))));
          await breathe();
          await report.rcAnalysis({
            status: 'analyzing',
            progress: 60,
            message: `Looking through ${pages.length} pages`,
          });
          const found = requirementsIn(pages);
          if (found.length === 0) {
            const message = 'No requirement (a line like “R1 Hosting”) is in this document.';
            throw new WorkflowError('no_requirements', message, { retryable: false });
          }
          await breathe();
          await report.rcAnalysis({ status: 'completed', progress: 100, message: `${found.length} requirements` });
          return found;
        }),
      );

      const total = requirements.length;
      const matches = await step('matching', () =>
        report.during('matching', async () => {
          const found = {};
          for (const [done, requirement] of requirements.entries()) {
            progress('matching', 25 * (done / total), 1);
            await report.matching({
              current_requirement: requirement.title,
              requirements_completed: done,
              requirements_total: total,
            });
            found[requirement.id] = await passagesFor(dataSource(), `${requirement.title} ${requirement.text}`);
            await breathe();
          }
          await report.matching({ current_requirement: '', requirements_completed: total, requirements_total: total });
          return found;
        }),
      );

      const sections = [];
      for (const [done, requirement] of requirements.entries()) {
        progress('generation', 25 * (done / total), 2);
        const passages = matches[requirement.id] ?? [];
        const section = await step(`section ${requirement.id}`, async () => {
          const text = await write(requirement, passages, signal);
          const score = covered(requirement, text);
          await report.generation({
            current_section: requirement.title,
            sections_completed: done + 1,
            sections_total: total,
            quality_score: score,
          });
          await breathe();
          return { requirement, text, sources: passages.map(({ title }) => title) };
        });
        sections.push(section);
      }
      await step('generation', () => report.completed('generation', { sections: total }));

      return step('document_generation', () =>
        report.during('document_generation', async () => {
          progress('document_generation', 0, 3);
          await report.documentGeneration({ status: 'writing', progress: 50, message: 'Writing the document' });
          const bytes = await wordDocument('Tender', sections);
          const file = fileOf(folder, workflowId, 'docx');
          await mkdir(folder, { recursive: true });
          // Under its name only once it is whole.
          await writeFile(`${file}.part`, bytes);
          await rename(`${file}.part`, file);
          await report.documentGeneration({ status: 'completed', progress: 100, message: 'The tender is ready' });
          return { document: `/tenders/${workflowId}`, sections: total };
        }),
      );
    },
  });
}

/** The share of the longer words of a requirement that its section takes up: a first sign of what was overlooked. */
function covered({ title, text }, section) {
  const words = new Set(`${title} ${text}`.toLowerCase().match(/\p{L}{6,}/gu) ?? []);
  const said = section.toLowerCase();
  const found = [...words].filter((word) => said.includes(word));
  return words.size === 0 ? 1 : Math.round((100 * found.length) / words.size) / 100;
}
