// The tender as a Word document: a title, and a section for each requirement.
import { Document, HeadingLevel, Packer, Paragraph, TextRun } from 'docx';

/**
 * @param {string} title
 * @param {readonly { requirement: { id: string, title: string, text: string }, text: string, sources: string[] }[]} sections
 * @returns {Promise<Uint8Array>} a .docx file
 */
export function wordDocument(title, sections) {
  const children = [
    new Paragraph({ text: title, heading: HeadingLevel.TITLE }),
    ...sections.flatMap(({ requirement, text, sources }) => [
      new Paragraph({ text: `${requirement.id} ${requirement.title}`, heading: HeadingLevel.HEADING_1 }),
      new Paragraph({ children: [new TextRun({ text: requirement.text, italics: true })] }),
      ...text.split(/\n+/).map((line) => new Paragraph({ text: line })),
      new Paragraph({ children: [new TextRun({ text: `Sources: ${sources.join(', ') || 'none'}`, size: 16 })] }),
    ]),
  ];
  return Packer.toBuffer(new Document({ title, sections: [{ children }] }));
}
