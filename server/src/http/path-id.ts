// Ids in paths. What could not be an id names nothing that exists, so it is not found before anybody looks.
import { ID_PATTERN, RoomcastError } from '@roomcast/protocol';

/** @throws RoomcastError `not_found` */
export function pathId(value: string): string {
  if (!ID_PATTERN.test(value)) throw new RoomcastError('not_found');
  return value;
}
