// What a file is: by its bytes where these tell, by its uploader's word where they do not. A word that the bytes
// contradict is refused, so nobody is handed a program that calls itself a picture.
import { fileTypeFromBuffer } from 'file-type';

/** As many bytes as tell every type that is known: https://github.com/sindresorhus/file-type#sampleSize */
export const SAMPLE_BYTES = 4100;

const UNKNOWN = 'application/octet-stream';
/** Types whose bytes always tell: who claims one of them must be right. */
const TELLING =
  /^(image\/(?!svg)|audio\/|video\/|font\/|application\/(pdf|zip|gzip|x-7z-compressed|x-rar-compressed)$)/;
/** Containers of many formats: the bytes tell the container only. */
const CONTAINERS = new Set(['application/zip', 'application/x-cfb', 'application/xml', 'application/gzip']);

/**
 * @param sample the first `SAMPLE_BYTES` bytes
 * @param declared as the uploader says
 * @returns the type, or null when the uploader's word is not true
 */
export async function mediaTypeOf(sample: Uint8Array, declared: string): Promise<string | null> {
  const found = (await fileTypeFromBuffer(sample))?.mime;
  const said = plain(declared);
  if (found === undefined) return TELLING.test(said) ? null : said;
  if (said === UNKNOWN || plain(found) === said) return found;
  return CONTAINERS.has(found) && said.startsWith('application/') && !TELLING.test(said) ? said : null;
}

/** Without parameters, and by one name for types that have several. */
function plain(type: string): string {
  const name = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (!/^[a-z]+\/[a-z0-9.+-]+$/.test(name)) return UNKNOWN;
  return name.replace('image/jpg', 'image/jpeg').replace('zip-compressed', 'zip').replace('/x-zip', '/zip');
}
