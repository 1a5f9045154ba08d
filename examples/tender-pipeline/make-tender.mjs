// Writes tender.pdf: the rules of an invented call for tenders, as a town would publish them. The same bytes each time.
import { writeFile } from 'node:fs/promises';
import { PDFDocument, StandardFonts } from 'pdf-lib';

const A4 = [595.28, 841.89];
const MARGIN = 64;
const LINE = 15;

const tender = {
  title: 'Rules of consultation: a document platform for the town of Linden',
  introduction: [
    'The town of Linden, 48,000 inhabitants, replaces the software with which its 620 employees write, review and',
    'publish documents. Tenders are examined by the requirements below. Each requirement has to be answered in a',
    'section of its own. The contract runs for four years and begins on 1 March.',
  ],
  requirements: [
    [
      'R1',
      'Hosting and data protection',
      [
        'The platform shall be hosted in data centres within the European Union. The tenderer shall show how personal',
        'data are protected, encrypted at rest and in transit, and deleted at the end of the contract.',
      ],
    ],
    [
      'R2',
      'Accessibility',
      [
        'All pages for citizens shall conform to WCAG 2.2 level AA. The tenderer shall describe how accessibility is',
        'tested with screen readers and keyboard navigation, and how defects are corrected.',
      ],
    ],
    [
      'R3',
      'Availability and support',
      [
        'The platform shall be available 99.9 per cent of each month between 7:00 and 20:00. The tenderer shall name',
        'response times of the support team for incidents, and shall report outages to the town.',
      ],
    ],
    [
      'R4',
      'Migration of existing documents',
      [
        'About 210,000 documents of the present archive shall be migrated with their metadata. The tenderer shall give',
        'a migration plan with a trial run, a check of completeness and a way back.',
      ],
    ],
    [
      'R5',
      'Training of employees',
      ['The tenderer shall train 40 key users on site and shall provide learning material for all other employees.'],
    ],
    [
      'R6',
      'Interfaces',
      [
        'The platform shall exchange documents with the town’s finance and register software over documented REST',
        'interfaces, and shall sign users in by the town’s identity provider (OpenID Connect).',
      ],
    ],
  ],
  closing: ['Tenders are received until 30 January, 12:00. Questions are answered by the procurement office.'],
};

const document = await PDFDocument.create();
const [regular, bold] = await Promise.all(
  [StandardFonts.Helvetica, StandardFonts.HelveticaBold].map((font) => document.embedFont(font)),
);
for (const date of ['setCreationDate', 'setModificationDate']) document[date](new Date(0));
document.setTitle(tender.title);

let page;
let y = 0;
function write(text, { font = regular, size = 10, before = 0 } = {}) {
  y -= before;
  if (!page || y < MARGIN) {
    page = document.addPage(A4);
    y = A4[1] - MARGIN;
  }
  page.drawText(text, { x: MARGIN, y, size, font });
  y -= LINE;
}

const heading = (text) => write(text, { font: bold, size: 13, before: 2 * LINE });

write(tender.title, { font: bold, size: 14 });
heading('1 Subject');
for (const line of tender.introduction) write(line);
heading('2 Requirements');
for (const [number, title, lines] of tender.requirements) {
  // A requirement is not torn over two pages.
  if (y < MARGIN + 5 * LINE || number === 'R4') y = 0;
  write(`${number} ${title}`, { font: bold, size: 12, before: y === 0 ? 0 : 2 * LINE });
  for (const line of lines) write(line);
}
heading('3 Procedure');
for (const line of tender.closing) write(line);

await writeFile(new URL('tender.pdf', import.meta.url), await document.save());
