// /attachments: files of at most 10 MiB, as multipart/form-data with the fields `room` and `file`. What is refused is not
// kept; what is handed out is never shown by a browser in the name of this site.
import { finished } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import { badField, isStorable, RoomcastError } from '@roomcast/protocol';
import busboy from 'busboy';
import { Router } from 'express';
import type { Attachments, Upload } from '../chat/attachments.js';
import { principalOf } from './authenticate.js';
import { pathId } from './path-id.js';

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_NAME = 255;
const MAX_ROOM = 256;

interface Form {
  room: string | null;
  file: { upload: Upload; name: string; declared: string; truncated: boolean } | null;
}

export function createAttachmentsRouter(attachments: Attachments): Router {
  const router = Router();
  router.post('/attachments', async (req, res) => {
    const form = await readForm(req, attachments);
    const { file } = form;
    if (!file) throw badField('file', 'takes a file');
    const wrong = faultOf(form);
    if (wrong) {
      await attachments.discard(file.upload);
      throw wrong;
    }
    res.status(201).json(await attachments.add(principalOf(res), form.room ?? '', file.upload, file));
  });

  router.get('/attachments/:id', async (req, res) => {
    const { part, bytes } = await attachments.open(principalOf(res), pathId(req.params.id));
    res.attachment(part.name).type(part.media_type);
    res.set({
      'Content-Length': String(part.size),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, max-age=31536000, immutable',
    });
    // A client that goes away in the middle is no error of the server.
    bytes.on('error', (error) => res.destroy(error)).pipe(res);
    res.on('close', () => bytes.destroy());
    await finished(res).catch(() => undefined);
  });
  return router;
}

function faultOf({ room, file }: Form): RoomcastError | null {
  if (room === null) return badField('room', 'takes the name of a session or conversation');
  if (file?.truncated) return new RoomcastError('payload_too_large', `A file has at most ${MAX_BYTES} bytes.`);
  return file && isFileName(file.name)
    ? null
    : badField('file', 'takes a file name of 1–255 characters, without a path');
}

function isFileName(name: string): boolean {
  return name.length <= MAX_NAME && /^(?!\.{1,2}$)[^/\\\p{Cc}]+$/u.test(name) && isStorable(name);
}

/** @throws RoomcastError `bad_request` for what is not such a form; then nothing is kept */
async function readForm(request: IncomingMessage, attachments: Attachments): Promise<Form> {
  const form: Form = { room: null, file: null };
  const receiving: Promise<void>[] = [];
  const parser = openParser(request);
  parser.on('field', (name, value) => {
    if (name === 'room') form.room = value;
  });
  parser.on('file', (field, bytes, { filename, mimeType }) => {
    if (field !== 'file') return void bytes.resume();
    receiving.push(
      attachments.receive(bytes).then((upload) => {
        form.file = { upload, name: filename ?? '', declared: mimeType, truncated: bytes.truncated === true };
      }),
    );
  });
  // A pipe ends with the request; of one that breaks off nobody would tell the parser, and the file would stay open.
  finished(request).catch((cause: unknown) => parser.destroy(cause instanceof Error ? cause : undefined));
  try {
    await finished(request.pipe(parser));
    await Promise.all(receiving);
  } catch (cause) {
    await Promise.allSettled(receiving);
    if (form.file) await attachments.discard(form.file.upload);
    throw new RoomcastError('bad_request', 'The body is not a whole multipart/form-data form.', { cause });
  }
  return form;
}

function openParser(request: IncomingMessage): busboy.Busboy {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      preservePath: true,
      limits: { files: 1, fileSize: MAX_BYTES, fields: 10, fieldSize: MAX_ROOM, parts: 20 },
    });
  } catch (cause) {
    throw new RoomcastError('bad_request', 'The body takes multipart/form-data.', { cause });
  }
}
