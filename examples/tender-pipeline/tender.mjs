// What a call for tenders asks for: the text of a PDF, and the requirements in that text.
import { WorkflowError } from '@roomcast/server';
import { extractText, getDocumentProxy } from 'unpdf';

/**
 * @param {Uint8Array} pdf
 * @returns {Promise<string[]>} the text of each page
 * @throws {WorkflowError} when it is not a PDF, or has no text (a scan): trying again would not help
 */
export async function pagesOf(pdf) {
  const document = await getDocumentProxy(pdf).catch((cause) => {
    throw new WorkflowError('not_a_pdf', 'This file is not a PDF.', { retryable: false, cause });
  });
  const { text } = await extractText(document, { mergePages: false });
  if (text.every((page) => page.trim() === '')) {
    throw new WorkflowError('no_text', 'This PDF has no text: it may be a scan.', { retryable: false });
  }
  return text;
}

/**
 * A requirement begins with a line like “R12 Hosting”; its text are the lines up to the next one, or to a heading (“3 …”).
 * @param {readonly string[]} pages
 * @returns {{ id: string, title: string, text: string }[]}
 */
export function requirementsIn(pages) {
  const requirements = [];
  let current = null;
  for (const line of pages.flatMap((page) => page.split('\n')).map((text) => text.trim())) {
    const [, id, title] = /^(R\d{1,3})\s+(\S.*)$/.exec(line) ?? [];
    if (id) requirements.push((current = { id, title, text: '' }));
    else if (/^\d+(\.\d+)*\s+[A-Z]/.test(line)) current = null;
    else if (current) current.text = `${current.text} ${line}`.trim();
  }
  return requirements;
}
